// One board, drawn with Grafana's own components from what Prometheus answered. `dashboards/draw.py` hands both over as
// `window.asked`: {board, answers: {panel id: [answer of each target]}, start, end, step}, times in seconds.
import { createTheme, dateTime, FieldType, getDisplayProcessor, renderMarkdown, ThemeContext, toDataFrame } from '@grafana/data';
import { BigValue, BigValueColorMode, BigValueGraphMode, PanelChrome, TimeSeries } from '@grafana/ui';
import { createRoot } from 'react-dom/client';
import 'uplot/dist/uPlot.min.css';

const CELL = { width: 64, height: 30, gap: 8 };
const TITLE = 36;
const theme = createTheme({ colors: { mode: 'light' } });
const { board, answers, start, end, step } = window.asked;
const range = { from: dateTime(start * 1000), to: dateTime(end * 1000), raw: { from: '', to: '' } };

// Grafana's {{label}} in a legend; without one the series is called by its labels.
function named(target, labels) {
  const text = (target.legendFormat ?? '').replace(/{{\s*(\w+)\s*}}/g, (_, label) => labels[label] ?? '');
  return text || Object.values(labels).join(' ') || 'value';
}

// A colour that the board gives a series by its name, as Grafana matches it: a layer's, a rollout's. Others are in turn.
function coloured(name, panel) {
  const given = (panel.fieldConfig.overrides ?? []).find(
    ({ matcher }) => matcher.id === 'byRegexp' && new RegExp(matcher.options.slice(1, -1)).test(name)
  );
  return given ? given.properties.find(({ id }) => id === 'color').value : { mode: 'palette-classic' };
}

// The standard field registry is part of Grafana itself, so its defaults are applied here.
function shaped(field, panel) {
  field.config = { ...panel.fieldConfig.defaults, custom: { ...panel.fieldConfig.defaults.custom }, displayName: field.name };
  field.display = getDisplayProcessor({ field, theme });
  return field;
}

function frames(panel) {
  const times = Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, place) => start + place * step);
  return panel.targets.flatMap((target, place) =>
    answers[panel.id][place].map(({ metric, values }) => {
      const at = new Map(values.map(([time, value]) => [Math.round((time - start) / step), Number(value)]));
      const numbers = times.map((_, tick) => (Number.isFinite(at.get(tick)) ? at.get(tick) : null));
      const frame = toDataFrame({
        fields: [
          { name: 'Time', type: FieldType.time, values: times.map((time) => time * 1000), config: {} },
          { name: named(target, metric), type: FieldType.number, values: numbers, labels: metric, config: {} },
        ],
      });
      shaped(frame.fields[1], panel);
      frame.fields[1].config.color = coloured(frame.fields[1].name, panel);
      frame.fields[1].state = { seriesIndex: 0 };
      return frame;
    })
  );
}

function Nothing({ panel }) {
  return <div style={{ padding: 24, color: theme.colors.text.secondary }}>{panel.fieldConfig.defaults.noValue ?? 'No data'}</div>;
}

function Series({ panel, width, height }) {
  const drawn = frames(panel);
  drawn.forEach((frame, place) => {
    frame.fields[1].state = { seriesIndex: place };
    frame.fields[1].display = getDisplayProcessor({ field: frame.fields[1], theme });
  });
  if (!drawn.length) return <Nothing panel={panel} />;
  return (
    <TimeSeries frames={drawn} width={width} height={height} timeRange={range} timeZone="utc" legend={panel.options.legend} />
  );
}

// What is measured and what is expected of it stand side by side.
function Number_({ panel, width, height }) {
  const shown = frames(panel).filter((frame) => frame.fields[1].values.some((value) => value !== null));
  if (!shown.length) return <Nothing panel={panel} />;
  const each = width / shown.length;
  return (
    <div style={{ display: 'flex' }}>
      {shown.map((frame, place) => (
        <Big key={place} frame={frame} titled={shown.length > 1} panel={panel} width={each} height={height} />
      ))}
    </div>
  );
}

function Big({ frame, titled, panel, width, height }) {
  const values = frame.fields[1].values.filter((value) => value !== null);
  const field = shaped(frame.fields[1], panel);
  field.config.color = { mode: 'thresholds' };
  const display = getDisplayProcessor({ field, theme });
  return (
    <BigValue
      value={{ ...display(values.at(-1)), title: titled ? frame.fields[1].name : '' }}
      colorMode={BigValueColorMode.Value}
      graphMode={BigValueGraphMode.Area}
      sparkline={{ y: field, x: frame.fields[0] }}
      width={width}
      height={height}
      theme={theme}
    />
  );
}

function Table({ panel }) {
  const { renameByName, indexByName } = panel.transformations[0].options;
  const columns = Object.keys(renameByName).sort((a, b) => indexByName[a] - indexByName[b]);
  const display = getDisplayProcessor({ field: { config: panel.fieldConfig.defaults, type: FieldType.number }, theme });
  const cell = ({ metric, values }, name) => {
    if (panel.fieldConfig.overrides?.some(({ matcher }) => matcher.options === renameByName[name])) return metric[name] && `${renameByName[name]} ›`;
    if (name !== 'Value') return metric[name] ?? '';
    const { text, suffix } = display(Number(values.at(-1)[1]));
    return text + (suffix ?? '');
  };
  const now = (answers[panel.id][0] ?? []).filter(({ values }) => values.at(-1)[0] > end - 2 * step);
  if (!now.length) return <Nothing panel={panel} />;
  const box = { padding: '4px 8px', borderBottom: `1px solid ${theme.colors.border.weak}`, textAlign: 'left' };
  return (
    <table style={{ width: '100%', borderCollapse: 'collapse', fontSize: 13 }}>
      <thead><tr>{columns.map((name) => <th key={name} style={box}>{renameByName[name]}</th>)}</tr></thead>
      <tbody>
        {now.map((row, place) => (
          <tr key={place}>{columns.map((name) => <td key={name} style={box}>{cell(row, name)}</td>)}</tr>
        ))}
      </tbody>
    </table>
  );
}

function Text({ panel }) {
  return <div dangerouslySetInnerHTML={{ __html: renderMarkdown(panel.options.content) }} style={{ fontSize: 13 }} />;
}

// Grafana's heatmap is no component of its packages: a grid of cells stands for it, a row for each bucket.
function Heat({ panel, width, height }) {
  const sorted = [...answers[panel.id][0]].sort((a, b) => bound(a) - bound(b));
  const below = sorted.map(({ values }) => new Map(values.map(([time, value]) => [Math.round((time - start) / step), Number(value)])));
  const ticks = Math.floor((end - start) / step) + 1;
  const counts = below.map((bucket, row) =>
    Array.from({ length: ticks }, (_, tick) => Math.max(0, (bucket.get(tick) ?? 0) - (below[row - 1]?.get(tick) ?? 0)))
  );
  const most = Math.max(...counts.flat(), 0);
  if (!most) return <Nothing panel={panel} />;
  const display = getDisplayProcessor({ field: { config: panel.fieldConfig.defaults, type: FieldType.number }, theme });
  const label = (one) => (bound(one) === Infinity ? 'more' : display(bound(one)).text + (display(bound(one)).suffix ?? ''));
  const rowHeight = (height - 8) / counts.length;
  return (
    <div style={{ width, height }}>
      {counts.map((_, place) => counts.length - 1 - place).map((row) => (
        <div key={row} style={{ display: 'flex', height: rowHeight, fontSize: Math.min(11, rowHeight - 1), lineHeight: `${rowHeight}px` }}>
          <div style={{ width: 60, textAlign: 'right', paddingRight: 6, color: theme.colors.text.secondary }}>{label(sorted[row])}</div>
          {counts[row].map((count, tick) => (
            <div key={tick} style={{ flex: 1, background: count ? `rgba(230, 85, 13, ${0.15 + 0.85 * Math.sqrt(count / most)})` : 'none' }} />
          ))}
        </div>
      ))}
    </div>
  );
}

function bound({ metric }) {
  return metric.le === '+Inf' ? Infinity : Number(metric.le);
}

const KINDS = { timeseries: Series, stat: Number_, table: Table, heatmap: Heat, text: Text };

function Panel({ panel }) {
  const { x, y, w, h } = panel.gridPos;
  const width = w * CELL.width - CELL.gap;
  const height = h * (CELL.height + CELL.gap) - CELL.gap;
  const place = { position: 'absolute', left: x * CELL.width, top: y * (CELL.height + CELL.gap), width, height };
  if (panel.type === 'row') {
    return <div style={{ ...place, fontSize: 16, fontWeight: 500, paddingTop: 4 }}>{panel.title}</div>;
  }
  const Kind = KINDS[panel.type];
  return (
    <div style={place}>
      <PanelChrome title={panel.title} width={width} height={height}>
        {(innerWidth, innerHeight) => <Kind panel={panel} width={innerWidth} height={innerHeight} />}
      </PanelChrome>
    </div>
  );
}

function Board() {
  return (
    <ThemeContext.Provider value={theme}>
      <div style={{ fontFamily: theme.typography.fontFamily, color: theme.colors.text.primary, fontSize: 14 }}>
        <h1 style={{ fontSize: 22, margin: 0, height: TITLE }}>{board.title}</h1>
        <div style={{ position: 'relative' }}>
          {board.panels.map((panel) => <Panel key={panel.id} panel={panel} />)}
        </div>
      </div>
    </ThemeContext.Provider>
  );
}

createRoot(document.getElementById('board')).render(<Board />);
