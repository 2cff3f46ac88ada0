/** The real `curl`, as the README uses it; `fetch` where there is none. */
import { spawn, spawnSync } from 'node:child_process';
import { text as textOf } from 'node:stream/consumers';

export interface CurlOptions {
  readonly method?: string;
  readonly headers?: readonly string[];
  /** Sent as it is. */
  readonly body?: string | Uint8Array;
}

export interface CurlReply {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

export const hasCurl = spawnSync('curl', ['--version']).status === 0;

const MAX_SECONDS = 30;

/** POST when there is a body, else GET, as curl itself does it. Redirects are followed. */
export async function curl(url: string, options: CurlOptions = {}): Promise<CurlReply> {
  return hasCurl ? byCurl(url, options) : byFetch(url, options);
}

async function byCurl(
  url: string,
  { method, headers = [], body }: CurlOptions,
): Promise<CurlReply> {
  const args = ['-sSL', '--max-time', String(MAX_SECONDS), '-w', '\n%{http_code} %{content_type}'];
  if (method !== undefined) args.push('-X', method);
  for (const header of headers) args.push('-H', header);
  if (body !== undefined) args.push('--data-binary', '@-');
  const child = spawn('curl', [...args, url]);
  // A server that refuses a body early makes curl stop reading ours.
  child.stdin.on('error', () => {});
  child.stdin.end(body);
  const [output, complaint] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  const last = output.lastIndexOf('\n');
  const [, status = '', contentType = ''] = /^(\d{3}) (.*)$/.exec(output.slice(last + 1)) ?? [];
  if (status === '' || status === '000') throw new Error(`curl ${url}: ${complaint}`);
  return { status: Number(status), contentType, text: output.slice(0, last) };
}

async function byFetch(
  url: string,
  { body, method = body === undefined ? 'GET' : 'POST', headers = [] }: CurlOptions,
): Promise<CurlReply> {
  const response = await fetch(url, {
    method,
    headers: headers.map((line): [string, string] => {
      const [name = '', ...value] = line.split(':');
      return [name, value.join(':').trim()];
    }),
    ...(body !== undefined && { body: typeof body === 'string' ? body : Buffer.from(body) }),
    signal: AbortSignal.timeout(MAX_SECONDS * 1_000),
  });
  const contentType = response.headers.get('content-type') ?? '';
  return { status: response.status, contentType, text: await response.text() };
}
