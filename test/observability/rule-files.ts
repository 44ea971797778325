import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** The folder with the configuration of Prometheus, Alertmanager and Grafana. */
export const OBSERVABILITY = join(__dirname, '..', '..', 'deploy', 'observability');

const RULES = join(OBSERVABILITY, 'rules');
/** The files with the alerts and recording rules. */
export const RULE_FILES = readdirSync(RULES).map((name) => join(RULES, name));

const CASES = join(__dirname, 'rule-cases');
/** The files with cases for `promtool test rules`. */
export const RULE_CASES = readdirSync(CASES).map((name) => join(CASES, name));

/** An alert or a recording rule of Prometheus. */
export interface Rule {
  alert?: string;
  record?: string;
  expr: string;
}

export interface Alert extends Rule {
  alert: string;
  labels: { severity: string };
  annotations: Record<string, string>;
}

/** Reads all rules of the product. */
export function readRules(): Rule[] {
  return RULE_FILES.flatMap((path) => {
    const { groups } = parse(readFileSync(path, 'utf8')) as { groups: { rules: Rule[] }[] };
    return groups.flatMap(({ rules }) => rules);
  });
}

const isAlert = (rule: Rule): rule is Alert => rule.alert !== undefined;

/** Reads all alerts of the product. Some names have an alert of each severity. */
export const readAlerts = (): Alert[] => readRules().filter(isAlert);
