/** A body of one JSON a line, read as it comes. */

/** @throws SyntaxError for a line that is no JSON. */
export async function* ndjson(
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<unknown, void, undefined> {
  if (body === null) return;
  // A reader, because not every runtime can loop over a stream.
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const lines = rest.split('\n');
      rest = done ? '' : (lines.pop() ?? '');
      for (const line of lines) if (line !== '') yield JSON.parse(line);
      if (done) return;
    }
  } finally {
    // Who leaves the loop early wants no more of it.
    await reader.cancel().catch(() => undefined);
  }
}
