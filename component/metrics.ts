import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** The upper bounds of the buckets into which durations are counted. */
export const LATENCY_BUCKETS_SECONDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30,
];

/** Operations that shared a commit. */
const GROUP_BUCKETS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000];

/** What the component counts. No label ever holds an address, a number or an id; a country is a label, by its ISO 3166 code. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string): Gauge => new Gauge({ name, help, registers });
  return {
    registry,
    process: processMetrics(registers),
    /** Run before every scrape: they bring gauges up to date that would cost too much to keep so. */
    refreshers: [] as (() => Promise<void>)[],
    mailboxEntries: gauge("twotick_mailbox_entries", "Entries waiting in all mailboxes"),
    mailboxBytes: gauge(
      "twotick_mailbox_bytes",
      "Bytes waiting in all mailboxes, as their limit counts them",
    ),
    mailboxesWaiting: gauge("twotick_mailboxes_waiting", "Mailboxes in which something waits"),
    mailboxFullestEntries: gauge("twotick_mailbox_fullest_entries", "Entries in the fullest mailbox"),
    mailboxOldestSeconds: gauge(
      "twotick_mailbox_oldest_entry_age_seconds",
      "Age of the entry that has waited longest; 0 when none waits",
    ),
    setAsideEntries: gauge("twotick_set_aside_entries", "Entries that are set aside now"),
    linkUp: gauge("twotick_link_up", "1 while the component is linked to the server"),
    storeHasRoom: gauge("twotick_store_has_room", "1 while the store's disk has room"),
    commitSeconds: new Histogram({
      name: "twotick_commit_seconds",
      help: "One turn of the store thread: its operations and their commit",
      buckets: [...LATENCY_BUCKETS_SECONDS],
      registers,
    }),
    commitOperations: new Histogram({
      name: "twotick_commit_operations",
      help: "Operations that shared a commit",
      buckets: GROUP_BUCKETS,
      registers,
    }),
    jobSeconds: new Histogram({
      name: "twotick_job_seconds",
      help: "Runs of a job that returns on a schedule",
      labelNames: ["job"],
      buckets: [...LATENCY_BUCKETS_SECONDS],
      registers,
    }),
    jobFailures: new Counter({
      name: "twotick_job_failures_total",
      help: "Runs of a job that failed",
      labelNames: ["job"],
      registers,
    }),
    attaches: new Counter({
      name: "twotick_attaches_total",
      help: "Devices that opened their mailbox, anew or again, by what proved them",
      labelNames: ["proof"],
      registers,
    }),
    signUpCodes: new Counter({
      name: "twotick_sign_up_codes_total",
      help: "Codes by country: sent, failed to be sent, used",
      labelNames: ["country", "outcome"],
      registers,
    }),
    messages: new Counter({
      name: "twotick_messages_total",
      help: "Messages by outcome",
      labelNames: ["outcome"],
      registers,
    }),
    receipts: new Counter({
      name: "twotick_receipts_total",
      help: "Receipts by state",
      labelNames: ["state"],
      registers,
    }),
    entriesDelivered: new Counter({
      name: "twotick_entries_delivered_total",
      help: "Mailbox entries sent to devices",
      registers,
    }),
    entriesRedelivered: new Counter({
      name: "twotick_entries_redelivered_total",
      help: "Mailbox entries sent again",
      registers,
    }),
    entriesSetAside: new Counter({
      name: "twotick_entries_set_aside_total",
      help: "Entries set aside after too many deliveries",
      registers,
    }),
    entriesExpired: new Counter({
      name: "twotick_entries_expired_total",
      help: "Entries that waited too long",
      registers,
    }),
    attachedDevices: new Gauge({ name: "twotick_attached_devices", help: "Devices attached now", registers }),
    acceptSeconds: new Histogram({
      name: "twotick_accept_seconds",
      help: "From submit to accepted",
      buckets: [...LATENCY_BUCKETS_SECONDS],
      registers,
    }),
    signUps: new Counter({
      name: "twotick_sign_ups_total",
      help: "Sign-up steps by outcome",
      labelNames: ["step", "outcome"],
      registers,
    }),
    limiterHits: new Counter({
      name: "twotick_limiter_hits_total",
      help: "Requests refused by a limit",
      labelNames: ["limit"],
      registers,
    }),
    linkReconnects: new Counter({
      name: "twotick_link_reconnects_total",
      help: "Times the link to the server came up",
      registers,
    }),
    stanzas: new Counter({
      name: "twotick_stanzas_total",
      help: "Stanzas received by kind and outcome",
      labelNames: ["kind", "outcome"],
      registers,
    }),
  };
}

// The names that dashboards of other programs use for these
function processMetrics(registers: Registry[]) {
  const startedAt = Date.now() / 1000 - process.uptime();
  return [
    new Gauge({
      name: "process_resident_memory_bytes",
      help: "Resident memory",
      registers,
      collect() {
        this.set(process.memoryUsage.rss());
      },
    }),
    new Gauge({
      name: "process_start_time_seconds",
      help: "When the process began, in seconds since 1970",
      registers,
      collect() {
        this.set(startedAt);
      },
    }),
    new Counter({
      name: "process_cpu_seconds_total",
      help: "CPU time used",
      registers,
      collect() {
        const { user, system } = process.cpuUsage();
        this.reset();
        this.inc((user + system) / 1e6);
      },
    }),
  ];
}

/** The component's metrics. */
export type Metrics = ReturnType<typeof createMetrics>;
