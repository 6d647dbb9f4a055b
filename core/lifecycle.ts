/**
 * Everything that runs: built without effects, started once, drained by one deadline, disposed of.
 * `start` resolves when the service is usable and rejects with a `MeshError` when it cannot be; dispose works
 * after a failed start too.
 */
export interface Service extends AsyncDisposable {
  readonly name: string;
  start(): Promise<void>;
  /** Finish what is under way and take nothing new; resolves early at zero, at the latest after `deadline` ms. */
  drain(deadline: number): Promise<void>;
}
