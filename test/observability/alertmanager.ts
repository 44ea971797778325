/** An alert that Alertmanager has received and that has not ended. */
export interface ReceivedAlert {
  name: string;
  severity: string;
  /** `active` alerts are sent; `suppressed` ones are muted by another alert. */
  state: 'active' | 'suppressed' | 'unprocessed';
}

interface ApiAlert {
  labels: { alertname: string; severity: string };
  status: { state: ReceivedAlert['state'] };
}

/** Returns functions that call the API of an Alertmanager. */
export function alertmanagerAt(url: string) {
  const api = `${url}/api/v2/alerts`;
  return {
    url,

    /** Lists the alerts that have not ended. */
    async alerts(): Promise<ReceivedAlert[]> {
      const alerts = (await (await fetch(api)).json()) as ApiAlert[];
      return alerts.map(({ labels, status }) => ({
        name: labels.alertname,
        severity: labels.severity,
        state: status.state,
      }));
    },

    /** Reports alerts with the given labels, as firing or as ended. */
    async post(labelSets: Record<string, string>[], { ended = false } = {}): Promise<void> {
      const times = ended ? { endsAt: new Date().toISOString() } : {};
      const body = JSON.stringify(labelSets.map((labels) => ({ labels, ...times })));
      const response = await fetch(api, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
      if (!response.ok) throw new Error(`Alertmanager answered ${response.status}: ${await response.text()}`);
    },
  };
}
