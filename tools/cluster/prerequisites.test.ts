import { expect, test } from '@jest/globals';
import { problemsOf, type Machine } from './prerequisites';

/** A machine on which the cluster can start; each test breaks one thing. */
const aMachine = (changes: Partial<Machine> = {}): Machine => ({
  platform: 'linux',
  missingPackages: [],
  canInstall: false,
  missingTemporalPrograms: [],
  goVersion: null,
  brokerFailure: null,
  portsInUse: [],
  freeRange: null,
  fullFolders: [],
  ...changes,
});
const rabbitMq = { program: 'RabbitMQ', packageName: 'rabbitmq-server' };
const haproxy = { program: 'HAProxy', packageName: 'haproxy' };
const toBuild = { missingTemporalPrograms: ['temporal-server', 'temporal-ui-server'] };

test('accepts a machine that has everything', () => {
  expect(problemsOf(aMachine())).toEqual([]);
});

test.each<[string, Partial<Machine>]>([
  ['packages that can be installed', { missingPackages: [haproxy, rabbitMq], canInstall: true }],
  ['programs that Go can build', { ...toBuild, goVersion: 'go1.26.0' }],
  ['a Go that downloads the toolchain it needs', { ...toBuild, goVersion: 'go1.21.3' }],
])('accepts %s', (_, changes) => {
  expect(problemsOf(aMachine(changes))).toEqual([]);
});

test.each<[string, Partial<Machine>, RegExp]>([
  ['another platform, with the alternative', { platform: 'darwin' }, /needs Linux.*docker compose --profile cluster/],
  [
    'a missing package, with the command',
    { missingPackages: [haproxy] },
    /^HAProxy is not installed\. Run as root: .*apt-get install .* haproxy$/,
  ],
  ['a missing broker, with the alternative', { missingPackages: [rabbitMq] }, /rabbitmq-server, or set AMQP_URL/],
  ['a broker that cannot be used', { brokerFailure: 'connect ECONNREFUSED' }, /ECONNREFUSED\. Start it, or unset/],
  [
    'a missing Go, with the programs that need it',
    toBuild,
    /^Go is not installed\. temporal-server, temporal-ui-server are built with it once\. Install Go 1\.26/,
  ],
  ['a Go that is too old', { ...toBuild, goVersion: 'go1.19.8' }, /^Go is too old \(go1\.19\.8\)/],
  [
    'a port in use, with the setting that changes it',
    { portsInUse: [{ port: 8000, server: 'haproxy' }], freeRange: 9000 },
    /^Port 8000 \(haproxy\) is in use .*: make cluster CLUSTER_PORT=9000$/,
  ],
  [
    'all ports in use, in one sentence',
    {
      portsInUse: [
        { port: 8000, server: 'haproxy' },
        { port: 8040, server: 'rabbitmq' },
      ],
    },
    /^Ports 8000 \(haproxy\), 8040 \(rabbitmq\) are in use .* set CLUSTER_PORT to the first of 60 free ports$/,
  ],
  [
    'a folder without space, with the setting that moves it',
    { fullFolders: [{ folder: '/x', setting: 'CLUSTER_FOLDER', purpose: 'it', freeBytes: 2e8, neededBytes: 1e9 }] },
    /^\/x has 0\.2 GB of free space, but it needs 1\.0 GB\. Free some space, or set CLUSTER_FOLDER/,
  ],
])('reports %s', (_, changes, problem) => {
  expect(problemsOf(aMachine(changes))).toEqual([expect.stringMatching(problem)]);
});

test('reports every problem in one error', () => {
  const problems = problemsOf(
    aMachine({ missingPackages: [haproxy, rabbitMq], ...toBuild, portsInUse: [{ port: 8000, server: 'haproxy' }] }),
  );

  expect(problems).toHaveLength(4);
});
