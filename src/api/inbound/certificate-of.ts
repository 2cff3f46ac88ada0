/** The certificate that the other end of a connection showed. */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { senderCertificate, type SenderCertificate } from '../../domain/sender-certificate.ts';

/** Null without TLS, without a certificate, or when no authority that we know vouches for it. */
export function certificateOf(socket: Socket): SenderCertificate | null {
  if (!isTls(socket) || !socket.authorized) return null;
  const shown = socket.getPeerX509Certificate();
  return shown === undefined ? null : senderCertificate(shown);
}

function isTls(socket: Socket): socket is TLSSocket {
  return 'encrypted' in socket && socket.encrypted === true;
}
