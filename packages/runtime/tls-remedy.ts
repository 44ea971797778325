/** The error codes of OpenSSL and Node's `tls`, and the texts of rustls, which the connection of a worker uses. */
const UNTRUSTED = /UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|UnknownIssuer/;
const OTHER_NAME = /ERR_TLS_CERT_ALTNAME_INVALID|NotValidForName/;
const NO_CLIENT_CERTIFICATE =
  /ERR_SSL_\w*(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|UNKNOWN_CA)|fatal alert: (CertificateRequired|HandshakeFailure|UnknownCA)/;
const NO_TLS = /ERR_SSL_WRONG_VERSION_NUMBER|InvalidContentType/;

/** What to do about a failed TLS handshake with a server. */
const REMEDIES = {
  TEMPORAL_TLS: [
    [
      UNTRUSTED,
      "Set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the certificate of the CA that signed the server's certificate.",
    ],
    [OTHER_NAME, "Set TEMPORAL_TLS_SERVER_NAME to a name of the server's certificate."],
    [
      NO_CLIENT_CERTIFICATE,
      'Set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH to a client certificate that the server accepts.',
    ],
    [
      NO_TLS,
      'The server does not use TLS on this port. Unset TEMPORAL_TLS and TEMPORAL_TLS_*, or change TEMPORAL_ADDRESS.',
    ],
  ],
  AMQP_TLS: [
    [UNTRUSTED, "Set AMQP_TLS_CA to the certificate of the CA that signed the broker's certificate."],
    [OTHER_NAME, "Use a name of the broker's certificate as the host of AMQP_URL."],
    [NO_CLIENT_CERTIFICATE, 'Set AMQP_TLS_CERT and AMQP_TLS_KEY to a client certificate that the broker accepts.'],
    [NO_TLS, 'The broker does not use TLS on this port. Use amqp: or another port in AMQP_URL.'],
  ],
} satisfies Record<string, [problem: RegExp, remedy: string][]>;

/** Returns which setting to change if an error means that a TLS handshake failed; undefined for any other error. */
export function tlsRemedyOf(error: unknown, settings: keyof typeof REMEDIES): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const text = `${'code' in error ? String(error.code) : ''} ${error.message}`;
  return REMEDIES[settings].find(([problem]) => problem.test(text))?.[1];
}

/** Returns the message of an error, followed by which setting to change if a TLS handshake failed. */
export function messageWithRemedy(error: unknown, settings: keyof typeof REMEDIES): string {
  // A host with several addresses: the error has no message, but one error for each address.
  const [cause] = error instanceof AggregateError ? (error.errors as unknown[]) : [error];
  const message = cause instanceof Error ? cause.message.trim() : String(cause);
  const remedy = tlsRemedyOf(cause, settings);
  return remedy === undefined ? message : `${message}. ${remedy}`;
}
