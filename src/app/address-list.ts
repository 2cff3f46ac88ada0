/** Lists in settings: `a, b`, where nothing stands between commas is left out. */
export function addressList(text: string): readonly string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
