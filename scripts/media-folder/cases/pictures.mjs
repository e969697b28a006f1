import { read, readAll, refused, sign, draw, bytes } from './case.mjs'

/** Pictures. */
export const pictures = [
  sign('sign.png', read),
  sign('sign.jpg', read, draw('-quality 85', 'sign.jpg')),
  sign('sign-progressive.jpg', read, draw('-interlace JPEG', 'sign-progressive.jpg')),
  sign('sign-cmyk.jpg', read, draw('-colorspace CMYK', 'sign-cmyk.jpg')),
  sign('sign-turned.jpg', read, tools => turned(tools)),
  sign('sign.webp', read, draw('', 'sign.webp')),
  sign('sign.gif', read, draw('', 'sign.gif')),
  sign('sign.tiff', read, draw('-compress LZW', 'sign.tiff')),
  sign('sign-fax.tiff', read, draw('-monochrome -compress Group4', 'sign-fax.tiff')),
  sign('sign.avif', read, tools =>
    tools.ffmpeg('-i sign.png -frames:v 1 -c:v libaom-av1 -still-picture 1 -cpu-used 8 sign.avif'),
  ),
  sign('sign-16bit.png', read, draw('-define png:bit-depth=16 -depth 16', 'sign-16bit.png')),
  sign('sign-alpha.png', read, draw('-transparent white', 'sign-alpha.png')),
  sign('sign-interlaced.png', read, draw('-interlace PNG', 'sign-interlaced.png')),
  sign('pages.tiff', readAll, tools => tools.convert('card0.png card1.png card2.png pages.tiff')),
  sign('frames.gif', readAll, tools => tools.convert('-delay 50 card0.png card1.png card2.png frames.gif')),
  sign('frames.webp', readAll, tools => tools.convert('-delay 50 card0.png card1.png card2.png frames.webp')),
  sign('sign.heic', refused(/image\/heic cannot be read/u), draw('', 'sign.heic')),
  sign('sign.jxl', refused(/image\/jxl cannot be read/u), tools =>
    tools.ffmpeg('-i sign.png -frames:v 1 -c:v libjxl sign.jxl'),
  ),
  sign('sign.jp2', refused(/image\/jp2 cannot be read/u), draw('', 'sign.jp2')),
  sign('sign.bmp', refused(/image\/bmp cannot be read/u), draw('', 'sign.bmp')),
  sign('sign.ico', refused(/image\/x-icon cannot be read/u), draw('-resize 64x64', 'sign.ico')),
  sign('sign.psd', refused(/photoshop cannot be read/u), draw('', 'sign.psd')),
  sign(
    'sign.svg',
    refused(/image\/svg\+xml cannot be read/u),
    bytes('sign.svg', () => '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/hostname"/></svg>'),
  ),
  sign('sign.qoi', refused(/image\/qoi cannot be read/u), tools =>
    tools.ffmpeg('-i sign.png -frames:v 1 -pix_fmt rgb24 sign.qoi'),
  ),
  sign('sign.ppm', refused(/portable-anymap cannot be read/u), draw('', 'sign.ppm')),
  sign('dot.gif', refused(/smaller than 8 pixels/u), tools => tools.convert('-size 1x1 xc:white dot.gif')),
  sign('dot.png', refused(/smaller than 8 pixels/u), tools => tools.convert('-size 1x1 xc:white dot.png')),
  sign(
    'no-frame.gif',
    refused(/cannot be read|cut short|damaged/u),
    bytes('no-frame.gif', () => Buffer.from('GIF89a\x10\0\x10\0\x80\0\0\0\0\0\xff\xff\xff;', 'latin1')),
  ),
  sign('hundred-megapixels.png', refused(/100\.0 megapixels, at most 40/u), tools =>
    tools.ffmpeg('-f lavfi -i color=white:s=10000x10000 -frames:v 1 -pix_fmt gray hundred-megapixels.png'),
  ),
  sign('says-gigapixels.png', refused(/megapixels, at most 40/u), tools =>
    tools.write('says-gigapixels.png', gigapixels(tools.read('sign.png'))),
  ),
]

/** Its head says 60,000 by 60,000, with a sound checksum. */
function gigapixels(png) {
  const large = Buffer.from(png)
  large.writeUInt32BE(60_000, 16)
  large.writeUInt32BE(60_000, 20)
  large.writeUInt32BE(crc32(large.subarray(12, 29)), 29)
  return large
}

/** @source ISO/IEC 15948, annex D */
function crc32(data) {
  let crc = 0xff_ff_ff_ff
  for (const byte of data) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xed_b8_83_20 : 0)
  }
  return (crc ^ 0xff_ff_ff_ff) >>> 0
}

/** The pixels lie on their side, and Exif says so. */
function turned(tools) {
  tools.convert('sign.png -rotate 270 side.jpg')
  const jpeg = tools.read('side.jpg')
  const exif = Buffer.from(
    '\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0',
    'latin1',
  )
  tools.write('sign-turned.jpg', Buffer.concat([jpeg.subarray(0, 2), exif, jpeg.subarray(2)]))
}
