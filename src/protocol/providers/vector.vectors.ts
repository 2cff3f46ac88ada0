/** The form of known answers. All secrets in them are public test material. */

export interface ProviderVector {
  readonly provider: string;
  /** `published` by the vendor, `derived` from its formula, or our `own`. */
  readonly origin: 'published' | 'derived' | 'own';
  readonly source: string;
  readonly secret: string;
  /** Unix seconds. */
  readonly now: number;
  /** Default POST. */
  readonly method?: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
