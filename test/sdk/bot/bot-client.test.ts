import { openMemoryStorage } from "../../../sdk/mod.js";
import { ClientDouble, jidOf } from "../../../sdk/testing/client-double.js";
import { ManualClock } from "../../../sdk/testing/mod.js";
import type { OutboxRecord } from "../../../sdk/client/outbox-records.js";
import type { DeviceId, MessageId } from "../../../src/ids.js";
import { type MessageContent, readContent } from "../../../src/message-content.js";
import { childElements, parseXml } from "../../../src/xml.js";
import { describeBotClient, PEER, type BotClientStage } from "../../contract/bot-client.js";
import { OWN, message } from "../client/fake-service.js";
import { Stage } from "../client/stage.js";

describeBotClient("Client", () => {
  const stage = new Stage();
  const storage = openMemoryStorage();
  let last: Awaited<ReturnType<Stage["prepare"]>> | undefined;
  let seq = 0;
  return {
    async open() {
      last = await stage.prepare(storage);
      return last.client;
    },
    crash() {
      if (last) stage.crash(last);
    },
    bring(text) {
      seq += 1;
      stage.service.deliver(message(seq, text));
    },
    sent: () =>
      stage.service.messages.flatMap(({ id, payload }) => {
        const [encrypted] = childElements(parseXml(`<m>${payload}</m>`));
        const elements = encrypted ? childElements(encrypted) : [];
        const content = readContent(encrypted?.getChild("text")?.getText(), elements);
        return content ? [{ id, ...content }] : [];
      }),
    close: () => stage.clear(),
  };
});

describeBotClient("the double of botTest", (): BotClientStage => {
  const storage = openMemoryStorage();
  const sent = new Map<MessageId, MessageContent>();
  let last: ClientDouble | undefined;
  let count = 0;
  const accept = ({ id, text, elements = [] }: OutboxRecord): void => {
    const content = readContent(
      text,
      elements.map((element) => parseXml(element)),
    );
    if (content && !sent.has(id)) sent.set(id, content);
  };
  return {
    async open() {
      last = new ClientDouble({
        storage,
        clock: new ManualClock(),
        number: OWN,
        device: 1 as DeviceId,
        accept,
      });
      return last;
    },
    crash: () => last?.kill(),
    bring(text) {
      count += 1;
      const id = `said-${count}` as MessageId;
      last?.receive({ kind: "message", id, from: jidOf(PEER).bare, to: jidOf(OWN).bare, at: 0, text });
    },
    sent: () => [...sent].map(([id, content]) => ({ id, ...content })),
    close: () => last?.stop(),
  };
});
