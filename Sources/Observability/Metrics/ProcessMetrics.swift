import CoreMetrics
import FoundationEssentials
import Glibc

/// What Linux knows of this process, under the names that Prometheus' own clients use.
package enum ProcessMetrics {
    private struct Reading {
        var cpuSeconds: Double
        var residentBytes: Double
        var virtualBytes: Double
        var startTicks: Double
    }

    private static let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))

    /// Read anew for every page.
    package static func add(to registry: PrometheusRegistry) {
        func gauge(_ name: String) -> Gauge { Gauge(label: name, factory: registry) }
        let processor = FloatingPointCounter(label: "process_cpu_seconds_total", factory: registry)
        let resident = gauge("process_resident_memory_bytes")
        let virtual = gauge("process_virtual_memory_bytes")
        let open = gauge("process_open_fds")
        let most = gauge("process_max_fds")
        let start = gauge("process_start_time_seconds")
        let counted = LastValue()
        registry.onRender {
            guard let reading = read() else { return }
            processor.increment(by: counted.growth(to: reading.cpuSeconds))
            resident.record(reading.residentBytes)
            virtual.record(reading.virtualBytes)
            most.record(Double(sysconf(Int32(_SC_OPEN_MAX))))
            if let boot = bootTime { start.record(boot + reading.startTicks / ticks) }
            // Where it cannot be read the last number stays.
            if let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
                open.record(files.count)
            }
        }
    }

    /// proc(5): the name may hold anything but is in parentheses; the fields after it are numbered from 3.
    private static func read() -> Reading? {
        guard let stat = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
            let end = stat.lastIndex(of: ")")
        else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ").map { Double($0) ?? 0 }
        guard fields.count > 21 else { return nil }
        func field(_ number: Int) -> Double { fields[number - 3] }
        return Reading(
            cpuSeconds: (field(14) + field(15)) / ticks,
            residentBytes: field(24) * Double(sysconf(Int32(_SC_PAGESIZE))),
            virtualBytes: field(23),
            startTicks: field(22)
        )
    }

    /// When the machine was started, in seconds since 1970.
    private static let bootTime: Double? = {
        guard let stat = try? String(contentsOfFile: "/proc/stat", encoding: .utf8) else { return nil }
        return stat.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) }
    }()
}
