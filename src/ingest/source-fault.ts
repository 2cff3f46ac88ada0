/** Why the settings of a source can't be used, and which of them is to blame. */
export class SourceFault extends TypeError {
  override readonly name = 'SourceFault';
  /** JSON Pointer to the field, as the API names it. */
  readonly pointer: string;

  /** @param message a sentence for whoever wrote the settings; never a secret. */
  constructor(pointer: string, message: string) {
    super(message);
    this.pointer = pointer;
  }
}

/** What `make` makes; a TypeError of it becomes a fault of the field. @throws SourceFault */
export function blaming<T>(pointer: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof TypeError && !(error instanceof SourceFault)) {
      throw new SourceFault(settingIn(error.message) ?? pointer, error.message);
    }
    throw error;
  }
}

/** Those who compile schemes name the setting that they miss. */
function settingIn(message: string): string | undefined {
  const name = /\bconfig\.([a-z0-9_]+)/.exec(message)?.[1];
  return name === undefined ? undefined : `/config/${name}`;
}
