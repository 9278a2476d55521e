internal import Bytes
public import Filtering
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#endif

/// Looks into files with libmagic and libarchive, and with readers of its own for documents; on threads of its own, at
/// most as many at once as there are processors.
///
/// Without the trait `FileTypes` types are told by `FileSignature` alone; without `Archives` the names in zip archives
/// are read, and other archives are `unread`.
public final class MagicArchiveInspector: FileInspector {
  private let limits: InspectionLimits

  /// All inspectors of a process share the threads and what libmagic has read.
  private static let desk = WorkDesk(atOnce: sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  private static let magic = MagicPool()

  public init(_ limits: InspectionLimits = InspectionLimits()) { self.limits = limits }

  public func inspect(_ octets: [UInt8], name: String, isWhole: Bool) async -> FileInspection {
    let limits = limits
    let looked = await Self.desk.run { interest in
      Self.look(octets, name, isWhole, limits, interest)
    }
    if let looked { return looked }
    var none = FileInspection()
    none.faults = [.unread]
    return none
  }

  private static func look(
    _ octets: [UInt8], _ name: String, _ isWhole: Bool, _ limits: InspectionLimits, _ interest: Interest
  ) -> FileInspection {
    var examination = FileExamination(Budget(limits, packed: octets.count, interest), magic)
    #if Archives
      return ArchiveReader.withNamesInUTF8 {
        examination.look(at: octets[...], name: name, isWhole: isWhole)
      }
    #else
      return examination.look(at: octets[...], name: name, isWhole: isWhole)
    #endif
  }

  /// What a build lacks, or what keeps it from being used, in words for the operator; empty where all is there.
  public static func obstacles() -> [String] {
    var obstacles: [String] = []
    #if FileTypes
      if let obstacle = MagicPool.obstacle() {
        obstacles.append(
          "types of files: the database of libmagic cannot be used (\(obstacle)): only the commonest are told"
        )
      }
    #else
      obstacles.append(
        "types of files are not built in: this weir was built without the trait FileTypes (libmagic); only the commonest are told"
      )
    #endif
    #if !Archives
      obstacles.append(
        "archives are not built in: this weir was built without the trait Archives (libarchive); only the names in zip archives are read"
      )
    #endif
    return obstacles
  }
}
