import { expect } from "chai";
import { StorageError } from "../../src/errors.js";
import type { Storage, Transaction, View } from "../../sdk/storage/port.js";

/** What a store has to be for the suite: something that opens an empty one. */
export interface StorageUnderTest {
  open(): Storage;
  /** How many characters a key may have; 4096 unless given. */
  readonly maxKeyLength?: number;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string | undefined => value && new TextDecoder().decode(value);

function put(storage: Storage, pairs: Record<string, string>): void {
  storage.transaction((t) => {
    for (const [key, value] of Object.entries(pairs)) t.set(key, bytes(value));
  });
}

function keysOf(pairs: ReturnType<View["scan"]>): string[] {
  return pairs.map(([key]) => key);
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).instanceOf(StorageError);
    return (error as StorageError).code;
  }
  throw new Error("nothing was thrown");
}

/** Declares the tests that every store has to pass, inside a `describe` of the caller. */
export function testStorage(under: StorageUnderTest): void {
  let storage: Storage;
  beforeEach(() => {
    storage = under.open();
  });
  afterEach(() => storage.close());

  testTransactions(() => storage);
  testValues(() => storage, under.maxKeyLength ?? 4096);
  testScan(() => storage);
  testLife(() => storage);
}

function testTransactions(storage: () => Storage): void {
  it("keeps what a transaction wrote", () => {
    put(storage(), { a: "1", b: "2" });
    storage().transaction((t) => {
      t.delete("a");
      t.set("b", bytes("3"));
    });
    expect(storage().read((v) => [v.get("a"), text(v.get("b"))])).eql([undefined, "3"]);
  });

  it("answers what the work answers", () => {
    expect(storage().transaction(() => 7)).equal(7);
    expect(storage().read(() => 8)).equal(8);
  });

  it("sees its own changes inside a transaction", () => {
    storage().transaction((t) => {
      t.set("k/1", bytes("1"));
      expect(text(t.get("k/1"))).equal("1");
      expect(keysOf(t.scan("k/"))).eql(["k/1"]);
      t.delete("k/1");
      expect(t.get("k/1")).equal(undefined);
    });
  });

  it("changes nothing when the work throws, and passes the error on", () => {
    put(storage(), { kept: "1", changed: "1" });
    const failure = new Error("of the caller");
    const work = (t: Transaction): void => {
      t.set("new", bytes("2"));
      t.set("changed", bytes("2"));
      t.set("changed", bytes("3"));
      t.delete("kept");
      t.set("kept", bytes("2"));
      t.delete("kept");
      throw failure;
    };
    expect(() => storage().transaction(work)).throw(failure);
    const after = storage().read((v) => v.scan("").map(([key, value]) => [key, text(value)]));
    expect(after).eql([
      ["changed", "1"],
      ["kept", "1"],
    ]);
  });

  it("works on after a transaction that threw", () => {
    expect(() =>
      storage().transaction(() => {
        throw new Error("once");
      }),
    ).throw("once");
    put(storage(), { a: "1" });
    expect(storage().read((v) => text(v.get("a")))).equal("1");
  });

  it("refuses a transaction or a read inside of another", () => {
    const transaction = (work: () => unknown): unknown => storage().transaction(work);
    const read = (work: () => unknown): unknown => storage().read(work);
    expect(codeOf(() => transaction(() => transaction(() => 1)))).equal("nested");
    expect(codeOf(() => transaction(() => read(() => 1)))).equal("nested");
    expect(codeOf(() => read(() => transaction(() => 1)))).equal("nested");
  });

  it("refuses asynchronous work, and keeps nothing of it", () => {
    const work = (t: Transaction): Promise<void> => {
      t.set("a", bytes("1"));
      return Promise.resolve();
    };
    expect(codeOf(() => storage().transaction(work))).equal("asynchronous");
    expect(storage().read((v) => v.get("a"))).equal(undefined);
  });

  it("refuses a view after its transaction", () => {
    const late = storage().transaction((t) => t);
    expect(codeOf(() => late.set("a", bytes("1")))).equal("ended");
    expect(codeOf(() => late.get("a"))).equal("ended");
    expect(codeOf(() => late.delete("a"))).equal("ended");
    expect(codeOf(() => late.scan(""))).equal("ended");
  });
}

function testValues(storage: () => Storage, maxKeyLength: number): void {
  it("hands out bytes that the caller owns", () => {
    put(storage(), { a: "xyz" });
    const got = storage().read((v) => v.get("a")) as Uint8Array;
    got.fill(0);
    const [scanned] = storage().read((v) => v.scan("a"));
    scanned?.[1].fill(0);
    expect(storage().read((v) => text(v.get("a")))).equal("xyz");
  });

  it("keeps no hold of the bytes that it was given", () => {
    const given = Buffer.from("xyz");
    storage().transaction((t) => {
      t.set("a", given);
      given.fill(0);
    });
    given.fill(1);
    expect(storage().read((v) => text(v.get("a")))).equal("xyz");
  });

  it("tells an empty value from none", () => {
    put(storage(), { empty: "" });
    expect(storage().read((v) => v.get("empty")?.length)).equal(0);
    expect(storage().read((v) => v.get("none"))).equal(undefined);
  });

  it("keeps every byte of a large value", () => {
    const large = Uint8Array.from({ length: 300_000 }, (_, i) => i % 256);
    storage().transaction((t) => t.set("large", large));
    expect(storage().read((v) => Buffer.from(v.get("large") as Uint8Array).equals(large))).equal(true);
  });

  it("takes a key that is not there as deleted", () => {
    storage().transaction((t) => t.delete("never"));
    expect(storage().read((v) => v.scan(""))).eql([]);
  });

  it(`refuses a key of more than ${maxKeyLength} characters`, () => {
    expect(codeOf(() => put(storage(), { ["k".repeat(maxKeyLength + 1)]: "1" }))).equal("key-too-long");
    put(storage(), { ["\u{ffff}".repeat(maxKeyLength)]: "1" });
    expect(storage().read((v) => v.scan("").length)).equal(1);
  });
}

function testScan(storage: () => Storage): void {
  it("scans by code unit, however the store writes its keys", () => {
    // By code point U+FF5E would come before U+1F600; and unpaired surrogates must not be lost
    const keys = [
      "",
      "a",
      "a\0",
      "a\0b",
      "aa",
      "b",
      "é",
      "\u{1f600}",
      "\ud83d",
      "\uff5e",
      "\uffff",
      "\uffff\uffff",
    ];
    put(storage(), Object.fromEntries(keys.map((key) => [key, key])));
    expect(storage().read((v) => keysOf(v.scan("")))).eql([...keys].sort());
  });

  it("scans a prefix and nothing beside it", () => {
    put(storage(), { "a/": "0", "a/1": "1", "a/2": "2", a0: "x", a: "x", b: "x", "a/\uffff": "3" });
    expect(storage().read((v) => keysOf(v.scan("a/")))).eql(["a/", "a/1", "a/2", "a/\uffff"]);
    expect(storage().read((v) => keysOf(v.scan("c")))).eql([]);
  });

  it("scans prefixes that end with the greatest code units", () => {
    put(storage(), { "a\uffff": "1", "a\uffff\uffff": "2", b: "3", "\uffff": "4", "\uffffz": "5" });
    expect(storage().read((v) => keysOf(v.scan("a\uffff")))).eql(["a\uffff", "a\uffff\uffff"]);
    expect(storage().read((v) => keysOf(v.scan("\uffff")))).eql(["\uffff", "\uffffz"]);
  });

  it("goes on after a key, whether it is there or not", () => {
    put(storage(), { "p/1": "", "p/3": "", "p/5": "", q: "" });
    const scan = (after: string): string[] => storage().read((v) => keysOf(v.scan("p/", { after })));
    expect(scan("p/1")).eql(["p/3", "p/5"]);
    expect(scan("p/2")).eql(["p/3", "p/5"]);
    expect(scan("p/5")).eql([]);
    expect(scan("a")).eql(["p/1", "p/3", "p/5"]);
    expect(scan("z")).eql([]);
  });

  it("answers no more than the limit", () => {
    put(storage(), { "p/1": "", "p/2": "", "p/3": "" });
    const scan = (limit: number): string[] => storage().read((v) => keysOf(v.scan("p/", { limit })));
    expect(scan(2)).eql(["p/1", "p/2"]);
    expect(scan(9)).eql(["p/1", "p/2", "p/3"]);
    expect(scan(0)).eql([]);
    expect(codeOf(() => scan(-1))).equal("invalid-limit");
    expect(codeOf(() => scan(1.5))).equal("invalid-limit");
  });
}

function testLife(storage: () => Storage): void {
  it("refuses everything once it is closed, but closing again", () => {
    storage().close();
    expect(codeOf(() => storage().read(() => 1))).equal("closed");
    expect(codeOf(() => storage().transaction(() => 1))).equal("closed");
    storage().close();
  });

  it("is not closed inside a transaction", () => {
    expect(codeOf(() => storage().transaction(() => storage().close()))).equal("nested");
    put(storage(), { a: "1" });
  });
}
