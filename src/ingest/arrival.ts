/** A request on its way through the front door. */
import type { Publication } from '../accept/publication.ts';
import type { InboundRequest } from '../protocol/inbound/request.ts';
import { readBody, type ReadBody } from './body.ts';
import type { Identity } from './dedupe.ts';
import type { Content, Gate } from './gate.ts';
import { headerOf } from './headers.ts';
import { keptFields } from './kept-fields.ts';
import { keptHeaders } from './kept-headers.ts';
import type { Admission, Reply, RequestHead } from './port.ts';

/** One whose body may be read. */
export class Admitted implements Admission {
  readonly kind = 'admission';
  readonly gate: Gate;
  readonly head: RequestHead;
  /** Of the sender, as far as it is known. */
  readonly address: string;
  /** Of the body, without parameters. */
  readonly type: string;

  constructor(gate: Gate, head: RequestHead, address: string, type: string) {
    this.gate = gate;
    this.head = head;
    this.address = address;
    this.type = type;
  }

  get maxBodyBytes(): number {
    return this.gate.maxBodyBytes;
  }
}

/** One whose body is there. It is the request that verifiers look at. */
export class Arrival implements InboundRequest {
  readonly admitted: Admitted;
  readonly url: string;
  readonly body: Buffer;
  readonly done: (reply: Reply) => void;
  #read: ReadBody | undefined;

  constructor(admitted: Admitted, url: string, body: Buffer, done: (reply: Reply) => void) {
    this.admitted = admitted;
    this.url = url;
    this.body = body;
    this.done = done;
  }

  get gate(): Gate {
    return this.admitted.gate;
  }

  get method(): string {
    return this.admitted.head.method;
  }

  readonly headers = (name: string): string | undefined => headerOf(this.admitted.head, name);

  /** What the body says; read once, when it is first asked for. */
  get content(): ReadBody {
    this.#read ??= readBody(this.body, this.admitted.type, () => this.#headersAsData());
    return this.#read;
  }

  /** Of a request without a body, the headers are all that tells what happened. */
  #headersAsData(): string {
    const { head, gate } = this.admitted;
    return `{"headers":${keptHeaders(head.rawHeaders, gate.source.secrets)}}`;
  }
}

/** @param content of the arrival, which can be read. */
export function publicationOf(
  arrival: Arrival,
  content: Content,
  { material, providerEventId }: Identity,
): Publication {
  const { gate } = arrival;
  const { source, fields } = gate;
  const dataText = fields === null ? content.dataText : keptFields(content.dataText, fields);
  return {
    tenant: source.tenant,
    eventType: gate.eventTypeOf(arrival, content),
    dataText,
    data: fields === null ? content.data : JSON.parse(dataText),
    inbound: {
      source: source.number,
      sourceId: source.id,
      providerEventId,
      dedupe: material,
    },
  };
}
