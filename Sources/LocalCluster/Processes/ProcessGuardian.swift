import Glibc

/// Ends this process's children when this process is gone, even by SIGKILL.
///
/// A shell holds one end of a socket of which this process holds the other. It is told of every child and of every
/// directory that must not stay behind. When the socket closes, which the kernel does for a dead process, the shell
/// signals the children that are left, waits for them, kills what is left of their process groups, and removes the
/// directories.
///
/// (`PR_SET_PDEATHSIG` would not do: it fires when the *thread* that started the child ends, and threads of Swift's
/// pools come and go.)
final class ProcessGuardian: Sendable {
    static let shared = ProcessGuardian()

    private let channel: Int32

    private init() {
        do {
            let (ours, theirs) = try SpawnedProgram.socketPair()
            let shell = SpawnedProgram(
                path: "/bin/sh",
                arguments: ["-c", Self.script],
                environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"],
                standardInput: theirs,
                standardOutput: nil
            )
            _ = try shell.spawn()
            close(theirs)
            channel = ours
        } catch {
            preconditionFailure("the guardian of child processes could not be started: \(error)")
        }
    }

    /// From now on the child is signalled when this process ends.
    func add(child: Int32, signal: ProcessSignal) {
        tell("child \(child) \(signal.rawValue)")
    }

    /// The child has ended. To be called before it is reaped: until then nobody else can get its pid.
    func remove(child: Int32) {
        tell("gone \(child)")
    }

    /// The directory is removed when this process ends.
    func add(directory: String) {
        tell("directory \(directory)")
    }

    /// The directory is to stay, or is gone.
    func remove(directory: String) {
        tell("keep \(directory)")
    }

    private func tell(_ line: String) {
        // A short line is written whole. If the guardian was killed there is nobody to tell, and nothing to do.
        SpawnedProgram.send(line + "\n", to: channel)
    }

    private static let script = """
        trap '' HUP INT TERM QUIT
        alive() {
            read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
            case ${stat##*) } in Z*) return 1 ;; esac
        }
        children=
        directories=
        newline='
        '
        while IFS= read -r line; do
            case $line in
                'child '*) children="$children$newline${line#child }$newline" ;;
                'gone '*)
                    kept=
                    while read -r pid signal; do
                        [ -z "$pid" ] || [ "$pid" = "${line#gone }" ] || kept="$kept$newline$pid $signal"
                    done <<END
        $children
        END
                    children=$kept
                    ;;
                'directory '*) directories="$directories$newline${line#directory }" ;;
                'keep '*)
                    kept=
                    while IFS= read -r path; do
                        [ -z "$path" ] || [ "$path" = "${line#keep }" ] || kept="$kept$newline$path"
                    done <<END
        $directories
        END
                    directories=$kept
                    ;;
            esac
        done
        each_child() {
            while read -r pid signal; do
                [ -z "$pid" ] || "$@" "$pid" "$signal"
            done <<END
        $children
        END
        }
        tell() { kill -"$2" "$1" 2>/dev/null; }
        end() { kill -9 -"$1" 2>/dev/null; }
        look() { ! alive "$1" || left=yes; }
        each_child tell
        tries=0
        while [ $tries -lt 150 ]; do
            left=
            each_child look
            [ -n "$left" ] || break
            sleep 0.1
            tries=$((tries + 1))
        done
        each_child end
        while IFS= read -r path; do
            [ -z "$path" ] || rm -rf -- "$path"
        done <<END
        $directories
        END
        """
}
