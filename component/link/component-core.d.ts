// The package carries no types; only what the link uses is declared.
declare module "@xmpp/component-core" {
  import type { EventEmitter } from "node:events";
  import type { Socket } from "node:net";
  import type { Element } from "@xmpp/xml";

  export class Component extends EventEmitter {
    constructor(options: { domain: string });
    socket: Socket | null;
    parser: (EventEmitter & { write(chunk: Uint8Array | string): unknown }) | null;
    Parser: new () => EventEmitter;
    connect(service: string): Promise<unknown>;
    open(options: { domain: string; timeout: number }): Promise<Element>;
    socketParameters(service: string): { host: string; port: number };
    _attachSocket(socket: Socket): void;
    _attachParser(parser: EventEmitter): void;
    _onData(data: Uint8Array): void;
    _onElement(element: Element): void;
    _onParserError(error: Error): void;
  }
}
