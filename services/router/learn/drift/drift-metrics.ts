import { Gauge, type Registry } from 'prom-client'
import type { CalibrationDrift, CalibrationMove } from './calibration-drift.ts'
import type { FeatureDrift } from './feature-drift.ts'

/**
 * Registers drift metrics, computed at each scrape. Features are those of the policy's reference, at most
 * 64 a ladder.
 */
export function registerDrift(registry: Registry, features: FeatureDrift, calibration: CalibrationDrift): void {
  const registers = [registry]
  new Gauge({
    name: 'sluice_router_feature_drift_psi',
    aggregator: 'max',
    help: 'Population stability index of a feature of the latest inputs against those that the policy was fitted on.',
    labelNames: ['ladder', 'feature'],
    registers,
    collect() {
      this.reset()
      for (const { ladder, feature, psi } of features.moves()) this.set({ ladder, feature }, psi)
    },
  })
  new Gauge({
    name: 'sluice_router_feature_drift_window_requests',
    help: 'Requests of a ladder whose features are compared with those that its policy was fitted on.',
    labelNames: ['ladder'],
    registers,
    collect() {
      for (const [ladder, count] of features.filled()) this.set({ ladder }, count)
    },
  })
  const ofCalibration = (name: string, help: string, of: (move: CalibrationMove) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ['ladder', 'source'],
      aggregator: 'max',
      registers,
      collect() {
        for (const move of calibration.moves()) this.set({ ladder: move.ladder, source: move.source }, of(move))
      },
    })
  }
  ofCalibration(
    'sluice_router_calibration_window_outcomes',
    'Outcomes that P(correct) is held against, by where their scores are from.',
    move => move.outcomes,
  )
  ofCalibration(
    'sluice_router_calibration_gap_ratio',
    'Mean P(correct) less mean score of the latest outcomes; above 0 the policy trusts too much.',
    move => move.gap,
  )
  ofCalibration(
    'sluice_router_calibration_gap_error_ratio',
    'Standard error of the gap between P(correct) and scores.',
    move => move.gapError,
  )
  ofCalibration(
    'sluice_router_calibration_error_ratio',
    'Expected calibration error of P(correct) over the latest outcomes.',
    move => move.error,
  )
}
