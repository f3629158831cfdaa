import FoundationEssentials
import Glibc

/// Processor time used so far.
enum ProcessorTime {
    static var ofThisProcess: Duration { usage(RUSAGE_SELF.rawValue) }

    /// Of children that have ended.
    static var ofChildren: Duration { usage(RUSAGE_CHILDREN.rawValue) }

    /// Of a process that runs, to the nanosecond.
    static func of(process: Int32) -> Duration {
        let text = (try? String(contentsOfFile: "/proc/\(process)/schedstat", encoding: .utf8)) ?? ""
        return .nanoseconds(text.split(separator: " ").first.flatMap { Int64($0) } ?? 0)
    }

    /// Of the children of a process that have ended, in clock ticks.
    static func ofChildren(of process: Int32) -> Duration {
        let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        // The second field, the program's name, may have spaces in it.
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 14, let user = Int(fields[13]), let system = Int(fields[14]) else { return .zero }
        return .seconds(1) / sysconf(Int32(_SC_CLK_TCK)) * (user + system)
    }

    /// How many children a process has now.
    static func childCount(of process: Int32) -> Int {
        let path = "/proc/\(process)/task/\(process)/children"
        return ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: " ").count
    }

    private static func usage(_ who: __rusage_who_t) -> Duration {
        var usage = rusage()
        getrusage(who, &usage)
        return usage.ru_utime.duration + usage.ru_stime.duration
    }
}

extension timeval {
    fileprivate var duration: Duration { .seconds(tv_sec) + .microseconds(Int64(tv_usec)) }
}
