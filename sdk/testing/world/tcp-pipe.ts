import type { Socket } from "node:net";

/** What a road does to what travels on it without losing anything. */
export interface RoadConditions {
  /** How long everything is on the way; nothing overtakes. */
  readonly delayMs?: number;
  readonly bytesPerSecond?: number;
  /** How many bytes each piece has that arrives by itself. */
  readonly pieceBytes?: () => number;
}

/** Where a connection breaks: after so many bytes, or in the middle of the first character of several bytes behind them. */
export interface BreakingPoint {
  readonly afterBytes: number;
  readonly isInsideCharacter?: boolean;
}

/** What waits on a slow road before nothing more is taken from the sender. */
const ROAD_HOLDS_BYTES = 64 * 1024;
const TURNS_A_SECOND = 20;

interface Waiting {
  readonly data: Buffer;
  readonly dueMs: number;
}

/** One direction of a proxied connection. */
export class TcpPipe {
  /** Swallows everything and says nothing. */
  isMute = false;
  /** Keeps everything waiting. */
  isHeld = false;
  swallowedBytes = 0;
  /** Bytes that were passed on. */
  carriedBytes = 0;
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #onBroken: () => void;
  readonly #waiting: Waiting[] = [];
  #conditions: RoadConditions = {};
  #waitingBytes = 0;
  #isBusy = false;
  #breaking: { bytesLeft: number; isInsideCharacter: boolean } | undefined;

  /** @param onBroken the breaking point was reached, and everything up to it is on its way */
  constructor(from: Socket, to: Socket, onBroken: () => void) {
    this.#from = from;
    this.#to = to;
    this.#onBroken = onBroken;
    from.on("data", (data) => this.#take(data));
    to.on("drain", () => this.#next());
  }

  /** How the road is from now on; what is on the way already keeps its delay. */
  set conditions(conditions: RoadConditions) {
    this.#conditions = conditions;
  }

  /** Where it breaks, counted from now; nowhere when left out. */
  set breakingPoint(point: BreakingPoint | undefined) {
    this.#breaking = point && {
      bytesLeft: point.afterBytes,
      isInsideCharacter: point.isInsideCharacter ?? false,
    };
  }

  /** Bytes that were taken and have not been passed on yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Lets everything travel that was held. */
  release(): void {
    this.isHeld = false;
    this.#next();
  }

  #take(data: Buffer): void {
    if (this.isMute) {
      this.swallowedBytes += data.length;
      return;
    }
    this.#waiting.push({ data, dueMs: performance.now() + (this.#conditions.delayMs ?? 0) });
    this.#waitingBytes += data.length;
    if (this.#waitingBytes > ROAD_HOLDS_BYTES) this.#from.pause();
    this.#next();
  }

  /** Sends what is due; each piece when the one before has gone. */
  #next(): void {
    while (!this.#isBusy && !this.isHeld && !this.#to.writableNeedDrain) {
      const [first] = this.#waiting;
      if (!first) return;
      const waitMs = first.dueMs - performance.now();
      if (waitMs > 0) return this.#goOn((done) => setTimeout(done, waitMs));
      this.#sendFrom(first);
    }
  }

  #sendFrom(first: Waiting): void {
    const { bytesPerSecond, pieceBytes } = this.#conditions;
    const most = pieceBytes?.() ?? (bytesPerSecond ? bytesPerSecond / TURNS_A_SECOND : Infinity);
    const wanted = first.data.subarray(0, Math.min(first.data.length, Math.max(1, Math.ceil(most))));
    const length = this.#lengthBeforeBreak(wanted);
    const piece = wanted.subarray(0, length ?? wanted.length);
    if (piece.length === first.data.length) this.#waiting.shift();
    else this.#waiting[0] = { ...first, data: first.data.subarray(piece.length) };
    this.#waitingBytes -= piece.length;
    this.carriedBytes += piece.length;
    if (length !== undefined) {
      // Nothing after it may follow, and it has to arrive before the end of the connection does
      this.#isBusy = true;
      this.#to.end(piece, () => this.#onBroken());
      return;
    }
    this.#to.write(piece);
    if (bytesPerSecond) this.#goOn((done) => setTimeout(done, (1000 * piece.length) / bytesPerSecond));
    // The next piece in the next turn of the event loop: the receiver reads this one by itself
    else if (pieceBytes) this.#goOn((done) => setImmediate(done));
    if (this.#waitingBytes <= ROAD_HOLDS_BYTES) this.#from.resume();
  }

  #goOn(after: (done: () => void) => void): void {
    this.#isBusy = true;
    after(() => {
      this.#isBusy = false;
      this.#next();
    });
  }

  /** How much of a piece still travels when the connection breaks within it. */
  #lengthBeforeBreak(piece: Buffer): number | undefined {
    const breaking = this.#breaking;
    if (!breaking) return undefined;
    const { bytesLeft, isInsideCharacter } = breaking;
    breaking.bytesLeft = Math.max(0, bytesLeft - piece.length);
    if (!isInsideCharacter) return bytesLeft < piece.length ? bytesLeft : undefined;
    const lead = piece.findIndex((byte, index) => index >= bytesLeft && byte >= FIRST_LEAD_BYTE);
    return lead === -1 ? undefined : lead + 1;
  }
}

/** The first byte of a character of several, as no other byte of it is. Source: RFC 3629 §4 */
const FIRST_LEAD_BYTE = 0xc2;
