import { storeModules } from "../../../component/app.js";
import { openDatabase } from "../../../component/store/database.js";
import { migrate } from "../../../component/store/migrations.js";
import type { StoreModule } from "../../../component/store/operations.js";

// Brings the database that the first argument names up to date, as the store does when it is opened
const [, , path = ""] = process.argv;
const stores = await Promise.all(
  storeModules().map(async (url) => ((await import(url.href)) as { store: StoreModule }).store),
);
const database = openDatabase(path);
migrate(database, stores);
database.close();
