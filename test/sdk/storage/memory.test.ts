import { openMemoryStorage } from "../../../sdk/storage/memory.js";
import { testStorage } from "../../contract/storage.js";

describe("openMemoryStorage", () => {
  testStorage({ open: openMemoryStorage });
});
