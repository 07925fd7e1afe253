import { Store } from "../../../component/store/store.js";
import type { ScratchOperations } from "./scratch-store.js";

// Says each line on standard output after its promise has resolved, until it is killed
const [, , path = ""] = process.argv;
const store = await Store.open(path, [new URL("scratch-store.js", import.meta.url)]);
const scratch = store.of<ScratchOperations>("scratch");
const write = async (writer: number): Promise<never> => {
  for (let index = 0; ; index += 1) {
    const text = `${writer}-${index}`;
    await scratch.put(text);
    process.stdout.write(`${text}\n`);
  }
};
await Promise.all([write(1), write(2), write(3)]);
