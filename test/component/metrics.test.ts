import { expect } from "chai";
import { createMetrics } from "../../component/metrics.js";
import { body, RawDevice } from "../support/raw-device.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";
import { Harness } from "./sign-up/harness.js";

const ROMEO = "+15551230001";
const JULIET = "+15551230002";

type Series = ReadonlyMap<string, number>;

function readSeries(text: string): Series {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))] as const;
    }),
  );
}

describe("the metrics", () => {
  // The dashboard would have the mailboxes looked at before anything waits
  const world = useWorld({ config: { dashboard: { enabled: false } } });
  let romeo: RawDevice;
  let juliet: RawDevice;

  const series = async (): Promise<Series> =>
    readSeries(await (await fetch(`http://127.0.0.1:${world().app.httpPort}/metrics`)).text());

  before(async () => {
    romeo = await RawDevice.online(await world().person(ROMEO));
    juliet = await RawDevice.online(await world().person(JULIET));
    juliet.isAcknowledging = false;
    const ids = [];
    for (let index = 0; index < 3; index += 1) ids.push(await romeo.say(juliet.numberJid, "wherefore"));
    await romeo.submit([{ to: `+15559876543@${romeo.credentials.numberDomain}`, payload: body("x") }]);
  });
  after(() => Promise.all([romeo.stop(), juliet.stop()]));

  it("tell what waits, since when, and in how many mailboxes", async () => {
    const found = await series();
    expect(found.get("twotick_mailbox_entries")).to.equal(3);
    expect(found.get("twotick_mailboxes_waiting")).to.equal(1);
    expect(found.get("twotick_mailbox_fullest_entries")).to.equal(3);
    expect(found.get("twotick_mailbox_bytes")).to.be.above(600);
    expect(found.get("twotick_mailbox_oldest_entry_age_seconds")).to.be.within(0, 60);
  });

  it("tell how messages end, how long they take, and how they are committed", async () => {
    const found = await series();
    expect(found.get('twotick_messages_total{outcome="accepted"}')).to.equal(3);
    expect(found.get('twotick_messages_total{outcome="no-such-number"}')).to.equal(1);
    expect(found.get("twotick_accept_seconds_count")).to.equal(4);
    expect(found.get("twotick_commit_seconds_count")).to.be.at.least(4);
    expect(found.get("twotick_commit_operations_sum")).to.be.at.least(
      found.get("twotick_commit_operations_count") as number,
    );
    expect(found.get("twotick_entries_delivered_total")).to.equal(3);
  });

  it("tell who is there", async () => {
    const found = await series();
    expect(found.get("twotick_attached_devices")).to.equal(2);
    expect(found.get('twotick_attaches_total{proof="key"}')).to.equal(2);
    expect(found.get("twotick_link_up")).to.equal(1);
    expect(found.get("twotick_store_has_room")).to.equal(1);
    expect(found.get("twotick_link_reconnects_total")).to.equal(1);
    await romeo.attach({ token: romeo.token ?? "" });
    expect((await series()).get('twotick_attaches_total{proof="token"}')).to.equal(1);
  });

  it("tell of jobs", async () => {
    const jobs = ["expire entries", "end orphans", "forget messages", "forget numbers", "end set aside"];
    const count = (found: Series, job: string) => found.get(`twotick_job_seconds_count{job="${job}"}`) ?? 0;
    let found = await series();
    await until("each has run", () => {
      void series().then((now) => (found = now));
      return jobs.every((job) => count(found, job) > 0);
    });
  });

  it("tell of the process", async () => {
    const found = await series();
    expect(found.get("process_resident_memory_bytes")).to.be.above(10_000_000);
    expect(found.get("process_cpu_seconds_total")).to.be.above(0);
    const startedAt = found.get("process_start_time_seconds") as number;
    expect(startedAt * 1000).to.be.within(Date.now() - 24 * 3_600_000, Date.now());
  });

  it("hold no address, number or id", async () => {
    const text = [...(await series()).keys()].join("\n");
    for (const secret of [ROMEO.slice(4), JULIET.slice(4), "@", "example.org"])
      expect(text).not.to.contain(secret);
  });
});

describe("the metrics of sign-up", () => {
  it("tell by country what was sent and what was used, and which limit was hit", async () => {
    const harness = await Harness.start({ signUp: { limits: { number: { burst: 2, everySeconds: 60 } } } });
    try {
      const session = await harness.begin(ROMEO);
      const finished = await harness.post(`/v1/sign-ups/${session}/verification`, {
        code: harness.sms.lastCode,
      });
      expect(finished.statusCode, finished.body).to.equal(200);
      await harness.begin(ROMEO);
      await harness.post("/v1/sign-ups", { number: ROMEO });
      const found = readSeries(await harness.context.metrics.registry.metrics());
      expect(found.get('twotick_sign_up_codes_total{country="US",outcome="sent"}')).to.equal(2);
      expect(found.get('twotick_sign_up_codes_total{country="US",outcome="used"}')).to.equal(1);
      expect(found.get('twotick_limiter_hits_total{limit="number"}')).to.equal(1);
    } finally {
      await harness.stop();
    }
  });
});

describe("createMetrics", () => {
  it("gives every metric a name of its own and a sentence that explains it", async () => {
    const metrics = await createMetrics().registry.getMetricsAsJSON();
    for (const { name, help } of metrics) {
      expect(name).to.match(/^(twotick|process)_[a-z_]+$/);
      expect(help.length, name).to.be.above(5);
    }
  });
});
