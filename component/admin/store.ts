import type { Database } from "better-sqlite3";
import type { StoreModule } from "../store/operations.js";
import { erasureMigrations, openErasures } from "./erasure-store.js";
import { openOverview } from "./overview-store.js";
import { openPersonDealings } from "./person-dealings-store.js";
import { openPersons } from "./person-store.js";
import { openSetAsideOperations, setAsideMigrations } from "./set-aside-store.js";

function openAdmin(database: Database) {
  return {
    ...openSetAsideOperations(database),
    ...openPersons(database),
    ...openPersonDealings(database),
    ...openErasures(database),
    ...openOverview(database),
  };
}

/** What an admin asks of the store, as the main thread calls it. */
export type AdminOperations = ReturnType<typeof openAdmin>;

/** The admin's part of the store thread; comes after those of accounts, mailbox, sign-up and directory. */
export const store: StoreModule<AdminOperations> = {
  name: "admin",
  migrations: [...setAsideMigrations, ...erasureMigrations],
  open: openAdmin,
};
