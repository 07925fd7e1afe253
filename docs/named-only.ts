/** XEPs of which the sources obey a line without speaking them, and why they are named. */
export const NAMED_ONLY: Readonly<Record<string, string>> = {
  "XEP-0033": "left out of messages: servers act on it",
  "XEP-0045": "messages of rooms are refused",
  "XEP-0091": "left out of messages: apps still take it for the server's word",
  "XEP-0264": "the one long attribute that a stanza may have",
  "XEP-0297": "left out of messages, unless it is what only a server may send",
  "XEP-0313": "left out of messages and not passed; the archive is the host's",
  "XEP-0355": "left out of messages: a server's privilege",
  "XEP-0356": "left out of messages: a server's privilege",
};
