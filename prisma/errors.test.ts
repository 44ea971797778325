import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { DatabaseSetupError, databaseFaultOf, sqlStateOf } from './errors';
import { FAULTS, faultOfSqlState } from './sql-states';

/** An error as `pg` throws it. */
const postgresError = (code: string): Error => Object.assign(new Error('refused'), { code, severity: 'ERROR' });

/** An error as Prisma throws it, with the error of its driver adapter. */
const prismaError = (cause: object, message = 'Raw query failed'): Error =>
  Object.assign(new Error(message), {
    code: 'P2010',
    meta: { driverAdapterError: { name: 'DriverAdapterError', cause } },
  });

const withCode = (code: string, message = ''): Error => Object.assign(new Error(message), { code });

describe('the fault of a SQLSTATE', () => {
  test.each([
    ['08006', 'unavailable', 'connection failure'],
    ['08P01', 'unavailable', 'protocol violation, as PgBouncer reports it'],
    ['0A000', 'bug', 'feature not supported'],
    ['22P02', 'input', 'invalid text representation'],
    ['23505', 'input', 'unique violation'],
    ['25006', 'unavailable', 'read-only transaction'],
    ['25P02', 'unknown', 'failed transaction'],
    ['26000', 'unknown', 'unknown prepared statement'],
    ['28P01', 'unavailable', 'wrong password'],
    ['3D000', 'unavailable', 'unknown database'],
    ['3F000', 'bug', 'unknown schema'],
    ['40001', 'unavailable', 'serialization failure'],
    ['40P01', 'unavailable', 'deadlock'],
    ['42501', 'unknown', 'insufficient privilege'],
    ['42601', 'bug', 'syntax error'],
    ['42703', 'bug', 'undefined column'],
    ['42P01', 'bug', 'undefined table'],
    ['42P05', 'unknown', 'duplicate prepared statement'],
    ['53100', 'unavailable', 'disk full'],
    ['53300', 'unavailable', 'too many connections'],
    ['55000', 'unavailable', 'recovery is in progress'],
    ['55P03', 'unavailable', 'lock timeout'],
    ['57014', 'unavailable', 'statement timeout'],
    ['57P01', 'unavailable', 'admin shutdown'],
    ['57P05', 'unavailable', 'idle-session timeout'],
    ['58030', 'unavailable', 'I/O error'],
    ['XX000', 'unknown', 'internal error'],
    ['P0001', 'unknown', 'exception of a trigger'],
    ['ZZ999', 'unknown', 'a code that does not exist yet'],
  ])('%s is %s: %s', (state, fault) => {
    expect(faultOfSqlState(state)).toBe(fault);
    expect(databaseFaultOf(postgresError(state))).toBe(fault);
    expect(databaseFaultOf(prismaError({ originalCode: state, kind: 'postgres' }))).toBe(fault);
  });
});

test('docs/faults.md lists the fault of every SQLSTATE', () => {
  const document = readFileSync(join(__dirname, '../docs/faults.md'), 'utf8');
  const documented = [...document.matchAll(/^\| SQLSTATE (.+?)\| `(\w+)` /gm)].flatMap(([, codes = '', fault]) =>
    [...codes.matchAll(/\b(\d\w{4}|[\dA-Z]\d|\d[A-Z])\b/g)].map(([code]) => [code, fault]),
  );

  expect(documented.filter(([code = '', fault]) => faultOfSqlState(code) !== fault)).toEqual([]);
  expect(documented.map(([code]) => code)).toEqual(expect.arrayContaining(Object.keys(FAULTS)));
});

describe('the fault of an error without a SQLSTATE', () => {
  test.each([
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENETDOWN',
    'EADDRNOTAVAIL',
    'ECONNREFUSED',
    'EMFILE',
    'ENOTFOUND',
    'EAI_AGAIN',
    'CERT_HAS_EXPIRED',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
    'P2028',
  ])('%s is unavailable', (code) => {
    expect(databaseFaultOf(withCode(code))).toBe('unavailable');
    expect(databaseFaultOf(new Error('Migration 0001 failed', { cause: withCode(code) }))).toBe('unavailable');
  });

  test.each([
    ['a missing socket', 'ENOENT', 'connect'],
    ['a connection that a firewall refuses', 'EPERM', 'connect'],
    ['a file that cannot be opened because too many are open', 'EMFILE', 'open'],
  ])('%s is unavailable', (_, code, syscall) => {
    expect(databaseFaultOf(Object.assign(withCode(code), { syscall }))).toBe('unavailable');
  });

  test.each(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TlsConnectionError'])(
    'the driver adapter’s %s is unavailable',
    (kind) => expect(databaseFaultOf(prismaError({ kind }))).toBe('unavailable'),
  );

  test.each([
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Client has encountered a connection error and is not queryable',
    'Query read timeout',
    'timeout expired',
    'timeout exceeded when trying to connect',
    'The server does not support SSL connections',
  ])('“%s” is unavailable', (message) => expect(databaseFaultOf(new Error(message))).toBe('unavailable'));

  test.each([
    ['an error that nobody has foreseen', new Error('unforeseen')],
    ['an unknown code of Node', withCode('ERR_SOMETHING_NEW')],
    ['an unknown code of Prisma', withCode('P2999')],
    ['a value that is no error', 'text'],
    ['null', null],
  ])('%s is unknown', (_, error) => expect(databaseFaultOf(error)).toBe('unknown'));

  test.each([
    [
      'a query that Prisma refuses to send',
      Object.assign(new Error('Unknown argument'), { name: 'PrismaClientValidationError' }),
    ],
    ['a database that is not set up', new DatabaseSetupError('The migration has changed')],
    ['a missing file', Object.assign(withCode('ENOENT'), { syscall: 'scandir' })],
    ['a file that must not be read', Object.assign(withCode('EACCES'), { syscall: 'open' })],
  ])('%s is a bug', (_, error) => expect(databaseFaultOf(error)).toBe('bug'));
});

test('data that PostgreSQL quotes in its message does not make its refusal an outage', () => {
  const refused = { originalCode: '22P02', message: 'invalid input syntax for type uuid: "Query read timeout"' };
  expect(databaseFaultOf(prismaError(refused, refused.message))).toBe('input');
});

test('finds the SQLSTATE under several errors, and none in an error that PostgreSQL did not send', () => {
  expect(sqlStateOf(new Error('outer', { cause: new Error('inner', { cause: postgresError('40001') }) }))).toBe(
    '40001',
  );
  expect(sqlStateOf(withCode('P2028'))).toBeNull();
  expect(sqlStateOf(withCode('EPIPE'))).toBeNull();
});
