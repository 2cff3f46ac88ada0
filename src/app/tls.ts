/** Listening with TLS, where the operator gave a certificate. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { tlsServerFactory } from '../api/http-server.ts';
import { ConfigError, envName, flagName, type Config, type Setting } from './config.ts';

/**
 * Undefined without a certificate: then a proxy should end TLS.
 *
 * @throws ConfigError naming the setting that is missing or can't be used.
 */
export function tlsFactory(config: Config): ReturnType<typeof tlsServerFactory> | undefined {
  const { tls_cert_file: certificate, tls_key_file: key, tls_client_ca_file: ca } = config;
  if (certificate === undefined) {
    if (key !== undefined) throw without('tls_key_file');
    if (ca !== undefined) throw without('tls_client_ca_file');
    return undefined;
  }
  if (key === undefined) throw without('tls_cert_file', 'tls_key_file');
  return tlsServerFactory({
    certificate: pemOf('tls_cert_file', certificate, 'CERTIFICATE'),
    privateKey: pemOf('tls_key_file', key, 'PRIVATE KEY'),
    clientAuthorities:
      ca === undefined ? undefined : pemOf('tls_client_ca_file', ca, 'CERTIFICATE'),
  });
}

function without(setting: Setting, missing: Setting = 'tls_cert_file'): ConfigError {
  return new ConfigError(`${named(setting)} needs ${named(missing)} beside it`);
}

function pemOf(setting: Setting, file: string, kind: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`${resolve(file)} (${named(setting)}) can't be read: ${String(error)}`);
  }
  if (text.includes(`${kind}-----`)) return text;
  throw new ConfigError(`${resolve(file)} (${named(setting)}) holds no ${kind} in PEM`);
}

function named(setting: Setting): string {
  return `${flagName(setting)} (${envName(setting)})`;
}
