import type { Clock } from "../../../core/clock.ts";
import type { Artifacts } from "../../artifacts/artifacts.ts";
import { requireReader } from "../../catalogue/artifact-readers.ts";
import { pluginNamed, versionNamed } from "../../catalogue/named-records.ts";
import { deletePlugin, putPlugin } from "../../catalogue/plugins.ts";
import { uploadVersion } from "../../catalogue/upload-version.ts";
import { approveVersion, deleteVersion, refuseVersion } from "../../catalogue/versions.ts";
import type { Actor } from "../../model/actor.ts";
import type { PluginVersion } from "../../model/catalogue.ts";
import { OperationError } from "../../model/operation-error.ts";
import type { Store } from "../../store/store.ts";
import { pluginAnswer, versionAnswer } from "../answers/catalogue-answer.ts";
import { pageAnswer, pageRequest } from "../answers/page-answer.ts";
import type { EndpointHandlers } from "../endpoint-handler.ts";
import { readableClusters } from "../readable.ts";
import { refuseOtherName } from "./same-name.ts";

type Names =
  | "listPlugins"
  | "getPlugin"
  | "putPlugin"
  | "deletePlugin"
  | "listVersions"
  | "getVersion"
  | "uploadVersion"
  | "approveVersion"
  | "refuseVersion"
  | "deleteVersion"
  | "getArtifact";

export interface PluginParts {
  readonly store: Store;
  readonly artifacts: Artifacts;
  readonly clock: Clock;
  /** For unpacking while a package is checked. */
  readonly scratch: string;
}

/** Plugins, their versions and packages. */
export function pluginHandlers(parts: PluginParts): EndpointHandlers<Names> {
  const { store, artifacts } = parts;
  const answer = (actor: Actor, version: PluginVersion): ReturnType<typeof versionAnswer> => {
    return store.read(async (view) => versionAnswer(view, version, await readableClusters(view, actor)));
  };
  return {
    listPlugins: ({ query }) => {
      return store.read(async (view) => {
        return pageAnswer(
          await view.plugins.list({ domain: query.domain }, pageRequest(query)),
          pluginAnswer,
        );
      });
    },
    getPlugin: ({ params }) =>
      store.read(async (view) => pluginAnswer(await pluginNamed(view, params.plugin))),
    putPlugin: async ({ actor, params, body, revision }) => {
      refuseOtherName(body.name, params.plugin);
      return pluginAnswer(await putPlugin(store, actor, body, revision));
    },
    deletePlugin: async ({ actor, params, revision }) => deletePlugin(store, actor, params.plugin, revision),
    listVersions: ({ actor, params, query }) => {
      return store.read(async (view) => {
        await pluginNamed(view, params.plugin);
        const readable = await readableClusters(view, actor);
        const { items, next } = await view.versions.list({ plugin: params.plugin }, pageRequest(query));
        const answers = items.map(async (version) => versionAnswer(view, version, readable));
        return pageAnswer({ items: await Promise.all(answers), next }, (each) => each);
      });
    },
    getVersion: ({ actor, params }) => {
      return store.read(async (view) => {
        const version = await versionNamed(view, params);
        return versionAnswer(view, version, await readableClusters(view, actor));
      });
    },
    uploadVersion: async ({ actor, params, upload }) => {
      return answer(actor, await uploadVersion(parts, actor, { ...upload, plugin: params.plugin }));
    },
    approveVersion: async ({ actor, params, body }) => {
      return answer(actor, await approveVersion(store, actor, params, body.note));
    },
    refuseVersion: async ({ actor, params, body }) => {
      return answer(actor, await refuseVersion(store, actor, params, body.reason));
    },
    deleteVersion: async ({ actor, params, revision }) => deleteVersion(store, actor, params, revision),
    getArtifact: async ({ actor, params: { digest } }) => {
      const size = await artifacts.size(digest);
      if (size === undefined) throw new OperationError("not_found", `there is no package ${digest}`);
      await store.read((view) => requireReader(view, actor, digest));
      const open = async (start: number, end: number): ReturnType<Artifacts["read"]> => {
        return artifacts.read(digest, { start, end });
      };
      return { size, filename: `${digest}.zip`, tag: digest, open };
    },
  };
}
