import { ManualClock } from "../../core/manual-clock.ts";
import { storeContract } from "../../test/contract/store/store-contract.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { openStore } from "./open-store.ts";

storeContract(async () => {
  const folder = await TemporaryFolder.create();
  const clock = new ManualClock();
  const store = await openStore(folder.path, clock);
  return {
    store,
    clock,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
});
