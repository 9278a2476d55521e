/// What documents bear, by their own octets: nothing is unpacked, and no library is asked.
public enum Documents {
  /// nil where it is no compound file, PDF or text in RTF.
  ///
  /// Linear in the octets; pure.
  public static func look(at octets: ArraySlice<UInt8>) -> DocumentFindings? {
    look(at: octets, FileSignature.of(octets)?.kind)
  }

  static func look(at octets: ArraySlice<UInt8>, _ kind: FileSignature.Kind?) -> DocumentFindings? {
    switch kind {
    case .compound: CompoundFile(octets).map(OfficeDocument.look)
    case .pdf: PDFScan(octets).findings
    case .rtf: RTFScan.look(at: octets)
    default: nil
    }
  }
}
