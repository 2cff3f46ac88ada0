/** What the other end of a connection showed in TLS. */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { SenderCertificate } from '../../ingest/port.ts';

/** Null without TLS, without a certificate, or when no authority that we know vouches for it. */
export function senderCertificate(socket: Socket): SenderCertificate | null {
  if (!isTls(socket) || !socket.authorized) return null;
  const shown = socket.getPeerX509Certificate();
  if (shown === undefined) return null;
  return {
    fingerprint: shown.fingerprint256.replaceAll(':', '').toLowerCase(),
    subject: shown.subject,
  };
}

function isTls(socket: Socket): socket is TLSSocket {
  return 'encrypted' in socket && socket.encrypted === true;
}
