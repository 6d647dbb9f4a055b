import type { Actor } from "../model/actor.ts";
import type { ReleaseStepName } from "../model/release-machine.ts";
import type { ReleaseTarget } from "../model/release.ts";
import { approve, bypass, reject } from "./approval-actions.ts";
import { changeRelease, type ReleaseAction } from "./change-release.ts";
import { createRelease, type ReleaseWish } from "./create-release.ts";
import { edit, promote, widen, type ReleaseEdit } from "./edit-release.ts";
import type { ChangedRelease, ReleaseContext, ReleaseRequest } from "./release-context.ts";
import { entryOf, releaseStatus, type ReleaseStatus } from "./release-status.ts";
import { checkNodes, retryNodes } from "./retry-nodes.ts";
import { rollBackRelease, type Rollback } from "./roll-back.ts";
import { activate, cancel, complete, download, fail, remove } from "./run-actions.ts";
import { takeStep } from "./take-step.ts";

/**
 * All that people can do with releases. Rights are checked before; guards that depend on state (nobody approves what is
 * their own, one open release for a plugin in a cluster, `expected`) are in here, within the transaction. Refusals are
 * `OperationError`s: `not_found`, `wrong_state` (with what is possible), `revision_mismatch`, and what each says itself.
 */
export class Releases {
  readonly #context: ReleaseContext;

  constructor(context: ReleaseContext) {
    this.#context = context;
  }

  create(author: Actor, wish: ReleaseWish): Promise<ChangedRelease> {
    return createRelease(this.#context, author, wish);
  }

  /** Before anything is in force; revokes approvals. */
  edit(actor: Actor, request: ReleaseRequest, changes: ReleaseEdit): Promise<ChangedRelease> {
    return this.#change(actor, "edit", request, edit(changes));
  }

  /** `forbidden` for its author and its editors, `conflict` for who has approved already. */
  approve(actor: Actor, request: ReleaseRequest, note: string): Promise<ChangedRelease> {
    return this.#change(actor, "approve", request, approve(note));
  }

  bypass(actor: Actor, request: ReleaseRequest, reason: string): Promise<ChangedRelease> {
    return this.#change(actor, "bypass", request, bypass(reason));
  }

  reject(actor: Actor, request: ReleaseRequest, reason: string): Promise<ChangedRelease> {
    return this.#change(actor, "reject", request, reject(reason));
  }

  cancel(actor: Actor, request: ReleaseRequest, note: string): Promise<ChangedRelease> {
    return this.#change(actor, "cancel", request, cancel(note));
  }

  /** Again for nodes that failed. */
  download(actor: Actor, request: ReleaseRequest): Promise<ChangedRelease> {
    return this.#changeAndRetry(actor, "download", request, download());
  }

  /** Again for nodes that failed. */
  activate(actor: Actor, request: ReleaseRequest): Promise<ChangedRelease> {
    return this.#changeAndRetry(actor, "activate", request, activate());
  }

  /** Another gray target, wider or narrower. */
  widen(actor: Actor, request: ReleaseRequest, target: ReleaseTarget): Promise<ChangedRelease> {
    return this.#change(actor, "widen", request, widen(target));
  }

  promote(actor: Actor, request: ReleaseRequest): Promise<ChangedRelease> {
    return this.#change(actor, "promote", request, promote());
  }

  complete(actor: Actor, request: ReleaseRequest): Promise<ChangedRelease> {
    return this.#change(actor, "complete", request, complete());
  }

  fail(actor: Actor, request: ReleaseRequest, reason: string): Promise<ChangedRelease> {
    return this.#change(actor, "fail", request, fail(reason));
  }

  /** `nodes` undefined: those that failed or refused. `not_found` for a node that the cluster does not have. */
  retry(actor: Actor, request: ReleaseRequest, nodes?: readonly string[]): Promise<ChangedRelease> {
    const { reports } = this.#context;
    const action: ReleaseAction = (release) => {
      checkNodes(reports, release.cluster, nodes ?? []);
      return takeStep(release, "retry");
    };
    return this.#changeAndRetry(actor, "retry", request, action, nodes);
  }

  /** `in_use` for a full release that a node uses. */
  delete(actor: Actor, request: ReleaseRequest): Promise<ChangedRelease> {
    return this.#change(actor, "delete", request, remove(this.#context.reports));
  }

  /** The answer is the new release. */
  rollBack(actor: Actor, wish: Rollback): Promise<ChangedRelease> {
    return rollBackRelease(this.#context, actor, wish);
  }

  status(release: number): Promise<ReleaseStatus> {
    return releaseStatus(this.#context, release);
  }

  #change(
    actor: Actor,
    name: ReleaseStepName,
    request: ReleaseRequest,
    action: ReleaseAction,
  ): Promise<ChangedRelease> {
    return changeRelease(this.#context, actor, name, request, action);
  }

  async #changeAndRetry(
    actor: Actor,
    name: ReleaseStepName,
    request: ReleaseRequest,
    action: ReleaseAction,
    nodes?: readonly string[],
  ): Promise<ChangedRelease> {
    const { store } = this.#context;
    const changed = await this.#change(actor, name, request, action);
    const entry = await store.read((view) => entryOf(view, changed.release));
    await retryNodes(this.#context, changed.release, entry, nodes);
    return changed;
  }
}
