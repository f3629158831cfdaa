/// A stream of random numbers that is a pure function of where it stands: seed, level, index.
///
/// The generator is SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014). Only
/// operations that IEEE 754 rounds exactly are used, so every machine draws the same numbers.
struct HashedRandom {
    private var state: UInt64

    init(seed: UInt64, level: Int, index: Int64) {
        let place = Self.mix(seed &+ 0x9E37_79B9_7F4A_7C15 &* UInt64(truncatingIfNeeded: level &+ 1))
        state = Self.mix(place ^ UInt64(bitPattern: index))
    }

    /// A number in 0..<1.
    mutating func unit() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Double(Self.mix(state) >> 11) * 0x1p-53
    }

    /// A number with mean 0 and variance 1, bell-shaped (a sum of four), between ±3.5.
    mutating func bell() -> Double {
        (unit() + unit() + unit() + unit() - 2) * 1.732_050_807_568_877_2
    }

    static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A seed of its own for each symbol (FNV-1a over the name).
    static func seed(_ seed: UInt64, for name: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return mix(seed ^ mix(hash))
    }
}
