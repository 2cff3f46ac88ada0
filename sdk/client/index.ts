/** What `import … from 'bellwire/client'` gives. */
export { Bellwire } from './bellwire.ts';
export { BellwireError } from './error.ts';
export { CursorList } from './cursor-list.ts';
export type { Page } from './cursor-list.ts';
export type { RetryPolicy } from './retry.ts';
export type { CallOptions, ClientOptions, Fetch } from './transport.ts';
export type { PublishOptions } from './events.ts';
export type * from './event-type-types.ts';
export type * from './replay-types.ts';
export type * from './source-types.ts';
export type * from './tenant-types.ts';
export type * from './types.ts';
