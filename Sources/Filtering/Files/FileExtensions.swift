/// What extensions say, most of them of Windows: there the danger is.
enum FileExtensions {
  static let kinds: [String: FileName.Kind] = {
    var kinds: [String: FileName.Kind] = [:]
    for (kind, words) in lists {
      for word in words.split(separator: " ") { kinds[String(word)] = kind }
    }
    return kinds
  }()

  private static let lists: [(FileName.Kind, String)] = [
    (
      .document,
      """
      pdf doc docx dot dotx odt ods odp odg rtf txt text csv tsv xls xlsx xlt xltx xlsb ppt pptx pps ppsx pot potx \
      vsd vsdx pub mdb accdb xps oxps epub md log xml json htm html xhtml shtml mht mhtml svg eml msg ics vcf one \
      jpg jpeg jpe png gif bmp tif tiff webp heic heif ico wmf emf psd ai eps dwg dxf \
      mp3 wav ogg flac m4a wma aac mp4 m4v mov avi mkv wmv webm mpg mpeg 3gp p7s p7m asc sig pages numbers key
      """
    ),
    (
      .archive,
      """
      zip zipx rar r00 7z tar gz tgz bz2 tbz tbz2 xz txz zst tzst lz lzma lz4 z taz cab lha lzh arj ace arc zoo \
      cpio xar alz egg uue wim
      """
    ),
    (.diskImage, "iso img vhd vhdx dmg udf vmdk vdi qcow2 ima nrg mdf daa"),
    (
      .macros,
      "docm dotm xlsm xltm xlam xla xlm pptm potm ppsm ppam ppa sldm wiz"
    ),
    (.shortcut, "lnk url website webloc desktop scf library-ms search-ms searchconnector-ms appref-ms"),
    (
      .script,
      """
      js jse mjs vbs vbe vb wsf wsh wsc ws sct hta ps1 ps1xml ps2 ps2xml psc1 psc2 psm1 psd1 bat cmd btm reg inf \
      msc chm hlp shb shs settingcontent-ms appcontent-ms diagcab diagpkg iqy oqy rqy dqy slk theme themepack rdp \
      mam mad maf mde ade adp bas isp ins its job nsh onepkg ppkg osd htc printerexport sh bash command csh ksh applescript scpt workflow action osascript \
      ahk au3 gadget xbap jnlp application vsto
      """
    ),
    (
      .executable,
      """
      exe com scr pif cpl msi msp mst msu dll ocx sys drv efi msix msixbundle appx appxbundle xll wll jar apk xapk \
      ipa app run elf out deb rpm pkg mpkg appimage class swf air ax acm tsp fon lib ovl vxd 386 pyc pyo pyw
      """
    ),
  ]
}
