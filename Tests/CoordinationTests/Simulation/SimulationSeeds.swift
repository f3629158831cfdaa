import FoundationEssentials

/// Which runs are made. `TENURE_SEED` names a single one, `TENURE_SEEDS` how many.
enum SimulationSeeds {
    static func chosen(_ count: Int) -> [UInt64] {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["TENURE_SEED"].flatMap(UInt64.init) { return [seed] }
        let count = environment["TENURE_SEEDS"].flatMap(Int.init) ?? count
        return Array(0..<UInt64(count))
    }
}
