import { Option } from "commander";

import { FORMATS, type Format } from "./format.ts";

export interface FormatFlag {
  readonly output: Format;
}

/** `-o table|wide|json|yaml|name` */
export function formatOption(): Option {
  return new Option("-o, --output <format>", "how it is shown").choices(FORMATS).default("table");
}
