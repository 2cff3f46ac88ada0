/** Every setting: one schema gives flags, environment, file keys, defaults and documentation. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';

const DEFAULT_PORT = 8420;

/** Digits only: coercion would take a blank, null or false for port 0, which is any free port. */
function digitsAsNumber(value: unknown): unknown {
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
}

export const configSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
  port: z
    .preprocess(digitsAsNumber, z.number().int().min(0).max(65_535))
    .default(DEFAULT_PORT)
    .describe('Port to listen on; 0 picks a free one.'),
  data: z
    .string()
    .min(1)
    .default('./.bellwire')
    .describe('Directory of the embedded store, and in dev of the generated keys.'),
  admin_key: z
    .string()
    .min(16)
    .optional()
    .describe('API key with full scope; generated at the first start. At least 16 characters.'),
  master_key: z
    .string()
    .optional()
    .describe('Seals secrets at rest: 32 bytes as base64. A comma list rotates; the first seals.'),
  allow_targets: z
    .string()
    .default('')
    .describe('Private addresses that may be delivered to: 127.0.0.1/32:*,10.1.2.0/24:8443'),
  public_url: z.url().optional().describe('Where clients reach this server.'),
  log_level: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('How much to log.'),
});

export type Config = z.infer<typeof configSchema>;
export type Setting = keyof Config;

export const SETTINGS = Object.keys(configSchema.shape) as Setting[];

const SECRET_SETTINGS: ReadonlySet<Setting> = new Set(['admin_key', 'master_key']);

const ENV_PREFIX = 'BELLWIRE_';

/** A mistake in the configuration; the message names the setting, its origin, and the fix. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export interface ConfigSources {
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A JSON file with the same keys. */
  readonly file?: string | undefined;
}

export function envName(setting: Setting): string {
  return ENV_PREFIX + setting.toUpperCase();
}

/** `log_level` → `--log-level`. */
export function flagName(setting: Setting): string {
  return `--${setting.replaceAll('_', '-')}`;
}

/** Flags win over the environment, which wins over the file. @throws ConfigError */
export function loadConfig(sources: ConfigSources): Config {
  const merged: Record<string, unknown> = sources.file === undefined ? {} : readFile(sources.file);
  for (const setting of SETTINGS) {
    const value = sources.flags[setting] ?? fromEnv(sources.env, setting);
    if (value !== undefined && value !== '') merged[setting] = value;
  }
  const parsed = configSchema.safeParse(merged);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const setting = String(issue.path[0] ?? '');
    return SETTINGS.includes(setting as Setting)
      ? `  ${flagName(setting as Setting)} (${envName(setting as Setting)}): ${issue.message}`
      : `  ${issue.message}`;
  });
  throw new ConfigError(`The configuration is wrong:\n${problems.join('\n')}`);
}

/** Settings of this prefix that nobody reads: most likely a typing error. */
export function unknownEnvironment(env: ConfigSources['env']): string[] {
  const files = [...SECRET_SETTINGS].map((name) => `${envName(name)}_FILE`);
  const known = new Set([...SETTINGS.map(envName), ...files]);
  return Object.keys(env).filter((name) => name.startsWith(ENV_PREFIX) && !known.has(name));
}

/** The settings as they may be shown: secrets only as being there. */
export function describeConfig(config: Config): Record<string, unknown> {
  return Object.fromEntries(
    SETTINGS.map((setting) => {
      const value = config[setting];
      if (!SECRET_SETTINGS.has(setting)) return [setting, value ?? null];
      return [setting, value === undefined ? null : '(configured)'];
    }),
  );
}

/** Secrets may also come from a file named by `…_FILE`, as containers mount them. */
function fromEnv(env: ConfigSources['env'], setting: Setting): string | undefined {
  const name = envName(setting);
  const file = SECRET_SETTINGS.has(setting) ? env[`${name}_FILE`] : undefined;
  // An empty variable counts as absent: that is how container files leave one unset.
  if (env[name] || !file) return env[name];
  return readText(file, `${name}_FILE`).trim();
}

function readFile(file: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(readText(file, '--config'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch (error) {
    if (error instanceof ConfigError) throw error;
  }
  throw new ConfigError(`${resolve(file)} (--config) must hold one JSON object`);
}

function readText(file: string, from: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`${resolve(file)} (${from}) can't be read: ${String(error)}`);
  }
}
