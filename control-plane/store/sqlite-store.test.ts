import { storeContract } from "../../test/contract/store/store-contract.ts";
import { openedStore } from "../../test/support/opened-store.ts";

storeContract(openedStore);
