/** Files that are made from the code and kept in the tree, so that people can read them there. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';

/** `UPDATE_DOCS=1 npm test` writes them anew. */
const UPDATE = process.env['UPDATE_DOCS'] === '1';

/** Fails when the file is not what the code says. @param path from the root of the project. */
export async function assertGenerated(path: string, expected: string): Promise<void> {
  const file = new URL(`../../../${path}`, import.meta.url);
  if (UPDATE) await writeFile(file, expected);
  const actual = await readFile(file, 'utf8').catch(() => '');
  assert.equal(actual, expected, `${path} is stale; run the tests with UPDATE_DOCS=1`);
}
