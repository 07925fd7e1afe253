export { sweepFolders, temporaryFolder } from "../../sdk/testing/world/temporary-folder.js";
