import { errorsPage } from "./errors-page.ts";
import { metricsPage } from "./metrics-page.ts";
import { releasesPage } from "./releases-page.ts";
import { settingsPage } from "./settings-page.ts";

/** The pages under docs/ that are made from code, by path. */
export const REFERENCE_PAGES: Readonly<Record<string, () => string>> = {
  "docs/errors.md": errorsPage,
  "docs/metrics.md": metricsPage,
  "docs/releases.md": releasesPage,
  "docs/settings.md": settingsPage,
};
