/** Something a test waits for, instead of sleeping. */
export interface Signal {
  readonly given: Promise<void>;
  readonly give: () => void;
}

export function signal(): Signal {
  const resolvers: (() => void)[] = [];
  const given = new Promise<void>((resolve) => {
    resolvers.push(resolve);
  });
  return { given, give: () => resolvers.forEach((resolve) => resolve()) };
}
