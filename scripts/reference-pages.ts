import { commandPage } from "./command-page.ts";
import { apiPage, openApiPage } from "./api-page.ts";
import { errorsPage } from "./errors-page.ts";
import { metricsPage } from "./metrics-page.ts";
import { releasesPage } from "./releases-page.ts";
import { controlPlaneSettingsPage, settingsPage } from "./settings-page.ts";

/** The pages under docs/ that are made from code, by path. */
export const REFERENCE_PAGES: Readonly<Record<string, () => string>> = {
  "docs/api.md": apiPage,
  "docs/openapi.json": openApiPage,
  "docs/command.md": commandPage,
  "docs/errors.md": errorsPage,
  "docs/metrics.md": metricsPage,
  "docs/releases.md": releasesPage,
  "docs/settings.md": settingsPage,
  "docs/control-plane-settings.md": controlPlaneSettingsPage,
};
