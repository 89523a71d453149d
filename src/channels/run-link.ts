/** The console's page of a run, or the console itself for a message that belongs to no run. */
export function runLink(publicUrl: string, projectId: string, runId: string | null): string {
  const base = publicUrl.replace(/\/+$/, "");
  if (runId === null) return `${base}/`;
  return `${base}/runs/${encodeURIComponent(projectId)}/${encodeURIComponent(runId)}`;
}
