/** Every setting: one schema gives flags, environment, file keys, defaults and documentation. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import {
  DEFAULT_NODE_LEASE_MS,
  DEFAULT_RETENTION_DAYS,
  MAX_RETENTION_DAYS,
} from '../domain/limits.ts';
import { parseNetworks } from '../ingest/networks.ts';
import { addressList } from './address-list.ts';
import { parseEgressIps } from './egress-ips.ts';

const DEFAULT_PORT = 8420;

/** Longer would only make the dead look alive. */
const MAX_NODE_LEASE_SECONDS = 300;

/** Digits only: coercion would take a blank, null or false for port 0, which is any free port. */
function digitsAsNumber(value: unknown): unknown {
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
}

function egressIpsRule(context: z.core.ParsePayload<string>): void {
  try {
    parseEgressIps(context.value);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    context.issues.push({ code: 'custom', input: context.value, message });
  }
}

function networksRule(context: z.core.ParsePayload<string>): void {
  try {
    parseNetworks(addressList(context.value));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    context.issues.push({ code: 'custom', input: context.value, message });
  }
}

export const configSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
  port: z
    .preprocess(digitsAsNumber, z.number().int().min(0).max(65_535))
    .default(DEFAULT_PORT)
    .describe('Port to listen on; 0 picks a free one.'),
  retention_days: z
    .preprocess(digitsAsNumber, z.number().int().min(0).max(MAX_RETENTION_DAYS))
    .default(DEFAULT_RETENTION_DAYS)
    .describe('Days that events are kept, unless a tenant says otherwise; 0 keeps for ever.'),
  data: z
    .string()
    .min(1)
    .default('./.bellwire')
    .describe('Directory of the embedded store, and in dev of the generated keys.'),
  database_url: z
    .url({ protocol: /^postgres(ql)?$/, error: 'must begin with postgres:// or postgresql://' })
    .optional()
    .describe('PostgreSQL to use instead of the embedded store: postgres://user:secret@host/name'),
  node_lease_seconds: z
    .preprocess(digitsAsNumber, z.number().int().min(1).max(MAX_NODE_LEASE_SECONDS))
    .default(DEFAULT_NODE_LEASE_MS / 1000)
    .describe('With PostgreSQL: how long a node may be silent before others take over.'),
  admin_key: z
    .string()
    .min(16)
    .regex(/^[\x21-\x7e]*$/, 'must be printable ASCII without spaces, to fit into a header')
    .optional()
    .describe('API key with full scope; generated at the first start. At least 16 characters.'),
  master_key: z
    .string()
    .optional()
    .describe('Seals secrets at rest: 32 bytes as base64. A comma list rotates; the first seals.'),
  lost_secrets: z
    .enum(['refuse', 'disable'])
    .default('refuse')
    .describe(
      'When no stored secret opens with the master keys: refuse to start, or disable the ' +
        'subscriptions and hold their events.',
    ),
  allow_targets: z
    .string()
    .default('')
    .describe('Private addresses that may be delivered to: 127.0.0.1/32:*,10.1.2.0/24:8443'),
  public_url: z.url().optional().describe('Where clients reach this server.'),
  trusted_proxies: z
    .string()
    .default('')
    .check(networksRule)
    .describe('Proxies in front whose X-Forwarded-For and Client-Cert count: 10.0.0.0/8,::1'),
  tls_cert_file: z
    .string()
    .min(1)
    .optional()
    .describe('PEM certificate chain to listen with TLS. Without it a proxy should end TLS.'),
  tls_key_file: z.string().min(1).optional().describe('PEM private key of that certificate.'),
  tls_client_ca_file: z
    .string()
    .min(1)
    .optional()
    .describe('PEM authorities of client certificates that sources may ask for.'),
  egress_ips: z
    .string()
    .default('')
    .check(egressIpsRule)
    .describe('Where attempts come from, shown to receivers: 203.0.113.7,2001:db8::/48'),
  log_level: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('How much to log.'),
});

export type Config = z.infer<typeof configSchema>;
export type Setting = keyof Config;

export const SETTINGS = Object.keys(configSchema.shape) as Setting[];

const SECRET_SETTINGS: ReadonlySet<Setting> = new Set(['database_url', 'admin_key', 'master_key']);

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
