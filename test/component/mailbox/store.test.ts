import { mailboxStoreContract } from "../../contract/mailbox-store.js";
import { openSqliteMailbox } from "./sqlite-mailbox.js";

describe("the mailbox store on SQLite", () => {
  mailboxStoreContract(openSqliteMailbox);
});
