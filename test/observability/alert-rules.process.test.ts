import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Servers } from '@shop/dev/servers';
import { parse } from 'yaml';
import { eventually } from '../eventually';
import { temporaryFolder } from '../temporary-folder';
import { alertmanagerAt } from './alertmanager';
import { hasPrometheus, startAlertmanager, toolPath } from './prometheus-servers';
import { OBSERVABILITY, readAlerts, RULE_CASES } from './rule-files';

const run = promisify(execFile);
const describeWithPrometheus = hasPrometheus || process.env['CI'] ? describe : describe.skip;

describeWithPrometheus('the configuration of Prometheus', () => {
  test('is valid', async () => {
    const { stdout } = await run(toolPath('promtool'), ['check', 'config', join(OBSERVABILITY, 'prometheus.yml')]);
    expect(stdout).toMatch(/SUCCESS: 4 rule files found/);
  });

  test('has rules that fire in the cases of rule-cases, and not in those close to them', async () => {
    const { stdout } = await run(toolPath('promtool'), ['test', 'rules', ...RULE_CASES]);
    expect(stdout).toMatch(/SUCCESS/);
  });
});

describeWithPrometheus('Alertmanager', () => {
  const folder = temporaryFolder('alertmanager');
  const servers = new Servers(join(folder, 'logs'));
  const file = join(OBSERVABILITY, 'alertmanager.yml');
  let alertmanager: ReturnType<typeof alertmanagerAt>;

  beforeAll(async () => {
    const configuration = parse(readFileSync(file, 'utf8')) as object;
    alertmanager = alertmanagerAt(await startAlertmanager({ configuration, folder }, servers));
  });
  afterAll(async () => {
    await servers.stopAll();
    rmSync(folder, { recursive: true });
  });

  test('accepts the configuration', async () => {
    await run(toolPath('amtool'), ['check-config', file]);
  });

  test.each([
    ['page', 'pages'],
    ['ticket', 'tickets'],
    ['unknown', 'tickets'],
  ])('sends an alert with the severity %s to %s', async (severity, receiver) => {
    const args = ['config', 'routes', 'test', `--config.file=${file}`, `severity=${severity}`];
    expect((await run(toolPath('amtool'), args)).stdout.trim()).toBe(receiver);
  });

  test.each([
    ['DatabaseUnavailable', 'order-management'],
    ['BrokerUnavailable', 'order-management'],
    ['TemporalUnavailable', 'order-management'],
    ['OrderServiceDown', 'order-management'],
    ['PaymentServiceDown', 'payment-processing'],
    ['SagaFailing', 'order-management'],
    ['BacklogFull', 'order-management'],
  ])('sends no page but %s, if it fires together with the late and lost orders that it causes', async (cause, job) => {
    const symptoms = ['OrdersUnsettledTooLong', 'SettlementSloBurn', 'OrderStuck'];
    const firing = readAlerts()
      .filter(({ alert }) => alert === cause || symptoms.includes(alert))
      .map(({ alert, labels }) => ({ alertname: alert, severity: labels.severity, job }));
    await alertmanager.post(firing);

    await eventually(async () => {
      const active = await alertmanager.alerts();
      expect(active).toHaveLength(firing.length);
      expect(active.filter(({ state }) => state === 'active').map(({ name }) => name)).toEqual([cause]);
    }, 10_000);

    await alertmanager.post(firing, { ended: true });
    await eventually(async () => expect(await alertmanager.alerts()).toEqual([]), 10_000);
  });
});
