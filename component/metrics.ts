import { Counter, Gauge, Histogram, Registry } from "prom-client";

const LATENCY_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30];

/** What the component counts. No label ever holds an address, a number or an id. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
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
      buckets: LATENCY_BUCKETS_SECONDS,
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

/** The component's metrics. */
export type Metrics = ReturnType<typeof createMetrics>;
